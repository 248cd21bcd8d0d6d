import type { Stamp, StoreNamespace } from '../src/index.js'
import { until } from './redis-node.js'

const KEY = 'the key of nothing else'

/** Rule V for an entry with these tags, as a cache asks for it. */
export const valid = async (
  { validity }: StoreNamespace,
  stamp: Stamp,
  tags: readonly string[],
  key = KEY
): Promise<boolean> => validity.isValid({ key, stamp, tags })

/** Whether the latest record of the tags, or the floor, is exactly this stamp. */
export const endsAt = async (
  namespace: StoreNamespace,
  tags: readonly string[],
  stamp: Stamp
): Promise<boolean> =>
  !(await valid(namespace, stamp, tags)) && (await valid(namespace, stamp + 0.5, tags))

/** Whether the namespace judges by what it has heard, without asking. */
export const judgesHere = ({ validity }: StoreNamespace): boolean => {
  const answer = validity.isValid({ key: KEY, stamp: Number.MAX_SAFE_INTEGER, tags: [] })
  if (typeof answer === 'boolean') return answer
  answer.catch(() => {})
  return false
}

/** Waits until the namespace hears what others say; until then it asks again and again. */
export async function hearing (namespace: StoreNamespace): Promise<StoreNamespace> {
  // Asked again and again: on a busy machine a lease may have lapsed for a moment, which no event
  // tells.
  await until('it judges by what it has heard', async () => {
    // A store without a subscription hears by asking.
    await valid(namespace, Number.MAX_SAFE_INTEGER, []).catch(() => {})
    return judgesHere(namespace)
  })
  return namespace
}
