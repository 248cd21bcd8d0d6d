/** Promise.withResolvers, which Node 20 lacks. */
export function withResolvers<V> () {
  let resolve: (value: V) => void = () => {}
  const promise = new Promise<V>((_resolve) => { resolve = _resolve })
  return { promise, resolve }
}
