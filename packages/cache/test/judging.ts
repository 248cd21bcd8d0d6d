import type { Stamp, StoreNamespace } from '../src/index.js'
import { until } from './redis-node.js'

const KEY = 'the key of nothing else'

/** Applies Rule V to an entry with these tags, as a cache does. */
export const valid = async (
  { validity }: StoreNamespace,
  stamp: Stamp,
  tags: readonly string[],
  key = KEY
): Promise<boolean> => validity.isValid({ key, stamp, tags })

/** Reports whether the latest record of the tags, or the floor, is exactly this stamp. */
export const endsAt = async (
  namespace: StoreNamespace,
  tags: readonly string[],
  stamp: Stamp
): Promise<boolean> =>
  !(await valid(namespace, stamp, tags)) && (await valid(namespace, stamp + 0.5, tags))

/** Reports whether the namespace decides validity from known records, without asking. */
export const judgesHere = ({ validity }: StoreNamespace): boolean => {
  const answer = validity.isValid({ key: KEY, stamp: Number.MAX_SAFE_INTEGER, tags: [] })
  if (typeof answer === 'boolean') return answer
  answer.catch(() => {})
  return false
}

/** Waits until the namespace receives messages; until then it asks repeatedly. */
export async function hearing (namespace: StoreNamespace): Promise<StoreNamespace> {
  // Asks repeatedly: on a busy machine a lease may briefly lapse, which no event reports.
  await until('it decides validity from known records', async () => {
    // A store without a subscription learns of changes by asking.
    await valid(namespace, Number.MAX_SAFE_INTEGER, []).catch(() => {})
    return judgesHere(namespace)
  })
  return namespace
}
