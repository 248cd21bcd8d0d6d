import { setTimeout } from 'node:timers/promises'
import autocannon, { type Request } from 'autocannon'
import { POPULAR, WEATHER } from '../../load/paths.js'

/** Requests per second, and seconds of each rate: the catalog allows an address a hundred. */
const WAVES = [[30, 8], [55, 10], [75, 9], [45, 12]] as const
const WRITE_EVERY_MS = 4000
const FLOOD_EVERY_MS = 15_000
const FLOOD = 350

export interface Clients {
  /** Token that may write. */
  readonly editor: string
  /** Token of a user who now and then exceeds the limit. */
  readonly greedy: string
}

/** Sends requests of all kinds of clients until `signal` is aborted. */
export async function traffic (
  url: string,
  { editor, greedy }: Clients,
  signal: AbortSignal
): Promise<void> {
  const send = async (path: string, token: string, init: RequestInit = {}): Promise<void> => {
    const response = await fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal
    })
    await response.arrayBuffer()
  }
  let writes = 0
  const write = () =>
    send(`/api/products/${1 + (writes++ % 6)}`, editor, {
      method: 'PATCH',
      body: JSON.stringify({ stock: 100 - writes })
    })
  const flood = () =>
    Promise.all(
      Array.from({ length: FLOOD }, (_, i) => send(POPULAR[i % POPULAR.length] ?? '/', greedy))
    )
  await Promise.all([
    read(url, signal),
    again(write, WRITE_EVERY_MS, signal),
    again(flood, FLOOD_EVERY_MS, signal)
  ])
}

async function read (url: string, signal: AbortSignal): Promise<void> {
  const requests: Request[] = [
    ...POPULAR.map((path) => ({ path })),
    ...WEATHER.map((path) => ({ path })),
    // Conditional requests, requests for a new response, and requests for missing products.
    ...POPULAR.slice(8, 20).map((path) => ({ path, headers: { 'if-none-match': '*' } })),
    { path: '/api/products?limit=20', headers: { 'cache-control': 'no-cache' } },
    { path: '/api/products/999999' }
  ]
  while (!signal.aborted) {
    for (const [overallRate, duration] of WAVES) {
      if (signal.aborted) break
      const wave = autocannon({ url, requests, connections: 5, overallRate, duration }, () => {})
      const stop = () => wave.stop()
      signal.addEventListener('abort', stop)
      await new Promise((resolve) => { wave.once('done', resolve) })
      signal.removeEventListener('abort', stop)
    }
  }
}

async function again (
  task: () => Promise<unknown>,
  everyMs: number,
  signal: AbortSignal
): Promise<void> {
  try {
    while (!signal.aborted) {
      await setTimeout(everyMs, undefined, { signal })
      await task()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
