/** A promise that the test settles. */
export interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
  readonly fail: (error: Error) => void
}

export function gate (): Gate {
  let open = () => {}
  let fail: (error: Error) => void = () => {}
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opened, open, fail }
}
