/**
 * A promise that the test resolves: how one holds a fill, or the answer of a store, exactly where
 * the test needs it.
 */
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

/** A function for `remember` that tells when it was called and ends when the test says so. */
export function gatedFn<T> () {
  const started = gate()
  const result = gate<T>()
  const fn = () => {
    started.open()
    return result.opened
  }
  return { fn, started: started.opened, end: result.open, fail: result.fail }
}

/** For a value that is expected from somewhere else. */
export function mustNotRun (): never {
  throw new Error('the function ran')
}
