/** Memoizes `make`: calls it once per name. */
export function eachOnce<R> (make: (name: string) => R): (name: string) => R {
  const made = new Map<string, R>()
  return (name) => {
    let one = made.get(name)
    if (one === undefined) made.set(name, one = make(name))
    return one
  }
}
