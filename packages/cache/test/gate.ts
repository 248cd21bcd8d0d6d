/** A promise that the test resolves, to hold a fill or a store's answer at an exact point. */
export interface Gate<T = void> {
  readonly opened: Promise<T>
  readonly open: (value: T) => void
  readonly fail: (error: Error) => void
}

export function gate<T = void> (): Gate<T> {
  let open: (value: T) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const opened = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opened, open, fail }
}

/** A function for `remember` that reports its call and ends when the test says so. */
export function gatedFn<T> () {
  const started = gate()
  const result = gate<T>()
  const fn = () => {
    started.open()
    return result.opened
  }
  return { fn, started: started.opened, end: result.open, fail: result.fail }
}

/** Fails the test: the value is expected from elsewhere. */
export function mustNotRun (): never {
  throw new Error('the function ran')
}
