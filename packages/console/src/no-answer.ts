/** Creates a timeout error. @param ms how long the caller waited */
export const noAnswer = (subject: string, ms: number) => (): Error =>
  new Error(`${subject} did not answer within ${ms} ms`)
