/** Makes the error of an answer that is late. @param ms how long it was waited for */
export const noAnswer = (subject: string, ms: number) => (): Error =>
  new Error(`${subject} did not answer within ${ms} ms`)
