import { request } from 'undici'

/** One process at one point in time. */
export interface ProcessSample {
  readonly instance: string
  readonly service: string
  /** Seconds since the load began. */
  readonly at: number
  readonly rssBytes: number
  readonly heapBytes: number
  /** Responses in its memory, and their bytes. */
  readonly l1: { readonly entries: number, readonly bytes: number }
}

/**
 * Samples all processes that have reported to stats in the last seconds, wherever they run and
 * whatever is in front of them. Empty without stats.
 */
export async function sampleProcesses (url: string, at: number): Promise<ProcessSample[]> {
  const { statusCode, body } = await request(`${url}/api/stats/instances`)
  const told: unknown = statusCode === 200 ? await body.json() : undefined
  if (!isTold(told)) return []
  return told.instances
    .filter(({ alive }) => alive)
    .map(({ instance, service, rssBytes, heapBytes, l1: { entries, bytes } }) => ({
      instance,
      service,
      at,
      rssBytes,
      heapBytes,
      l1: { entries, bytes }
    }))
}

interface Told {
  readonly instances: readonly (Omit<ProcessSample, 'at'> & { readonly alive: boolean })[]
}

const isTold = (value: unknown): value is Told =>
  typeof value === 'object' &&
  value !== null &&
  'instances' in value &&
  Array.isArray(value.instances)
