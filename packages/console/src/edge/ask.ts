import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { keyTag } from '@weir/cache'
import { edgeBox, type EdgeRequest, type Requests } from '@weir/metrics'
import { type ServiceEdge } from './edges.js'

/** Milliseconds that an answer waits for an instance: they look for requests once a second. */
const PATIENCE = 3000
const LOOK = 50

/** Everything of a request but its id, which is added. */
export type EdgeAction = EdgeRequest extends infer R
  ? R extends EdgeRequest ? Omit<R, 'id'> : never
  : never

/**
 * Leaves a request to the instances of a service, or to one of them. Returns whether it has been
 * carried out within a few seconds; otherwise it stays for up to a day.
 */
export async function askEdge (
  requests: Requests,
  { service, instance }: { readonly service: string, readonly instance?: string | null },
  action: EdgeAction,
  patience = PATIENCE
): Promise<boolean> {
  const box = edgeBox(service, instance ?? undefined)
  const request = JSON.stringify({ id: randomUUID(), ...action })
  await requests.send(box, request)
  const end = performance.now() + patience
  while (performance.now() < end) {
    await setTimeout(LOOK)
    if (!await requests.has(box, request)) return true
  }
  return false
}

/** The edge of a service that was asked to purge. */
export interface AskedEdge {
  readonly service: string
  /** False: no instance has carried it out yet. */
  readonly done: boolean
}

/**
 * Asks the services whose response cache has this namespace to purge the caches at their edge,
 * after an invalidation in the store, which those know nothing of. Never rejects.
 */
export async function purgeEdges (
  requests: Requests | undefined,
  edges: readonly ServiceEdge[],
  { namespace, tags, keys }: {
    readonly namespace: string
    readonly tags: readonly string[]
    readonly keys: readonly string[]
  },
  patience?: number
): Promise<AskedEdge[]> {
  const concerned = edges.filter((edge) => edge.namespace === namespace)
  const all = [...tags, ...keys.map(keyTag)]
  return Promise.all(concerned.map(async ({ service }) => ({
    service,
    // A request that cannot be sent is reported like one that no instance carries out.
    done: requests !== undefined &&
      await askEdge(requests, { service }, { action: 'purge', tags: all }, patience)
        .catch(() => false)
  })))
}
