/** Promise.withResolvers, which is not in Node 20. */
export function withResolvers<V> () {
  let resolve: (value: V) => void = () => {}
  const promise = new Promise<V>((_resolve) => { resolve = _resolve })
  return { promise, resolve }
}
