import { emit, hasListeners } from './events.js'

/** Publishes the time that a read of the store takes, for subscribers; costs nothing without. */
export function timedRead<R> (
  namespace: string,
  operation: 'get' | 'claim',
  read: () => Promise<R>
): Promise<R> {
  if (!hasListeners('weir:cache:read')) return read()
  const begun = performance.now()
  const answer = read()
  const publish = (failed: boolean) => {
    const ms = performance.now() - begun
    emit('weir:cache:read', () => ({ namespace, operation, ms, failed }))
  }
  answer.then(() => { publish(false) }, () => { publish(true) })
  return answer
}
