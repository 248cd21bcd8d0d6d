import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Agent, request } from 'undici'
import { demoTokens, newSecret } from '../../local/demo-tokens.js'
import { LOW_MEMORY } from '../../local/memory.js'
import { LoadError } from '../errors.js'
import { Editor } from './editor.js'
import { Shopper } from './shopper.js'
import { Traffic, type Arrival } from './traffic.js'
import { type ProcessUsage, type Running } from './usage.js'
import { Versions } from './versions.js'
import { PAGES, type Place, visits } from './visits.js'

/** Connections of all shoppers of a side: more than there are ever requests in flight. */
export const CONNECTIONS = 512

/** Products on a page of the shop's list. */
const PER_PAGE = 24

/** A shop with or without caching, and its visitors. */
export interface Side extends Running {
  readonly caching: 'on' | 'off'
  readonly place: Place
  readonly versions: Versions
  readonly editor: Editor
  /** Traffic of shoppers, repeatable by seed. */
  traffic (arrival: Arrival, seed: number): Traffic
  end (): Promise<void>
}

/** Starts a shop. @throws LoadError `WEIR_ERR_NO_SHOP` */
export async function startSide (caching: 'on' | 'off'): Promise<Side> {
  const JWT_SECRET = newSecret()
  const host = fork(fileURLToPath(new URL('./host.js', import.meta.url)), [], {
    // Options of this process, such as those of coverage, are not those of the shop.
    env: { ...process.env, ...LOW_MEMORY, CACHE: caching, JWT_SECRET },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true
  })
  const { frontDoor: url, instances, redisUrl } = await told(host, isStarted)
  const redis = new Redis(redisUrl)
  const dispatcher = new Agent({ connections: CONNECTIONS })
  const { editor: token } = await demoTokens(JWT_SECRET)
  const place = await placeAt(url)
  const versions = new Versions()
  const shopper = new Shopper(url, dispatcher, `weir_shop=${token}`, versions)
  return {
    caching,
    url,
    instances,
    redis,
    place,
    versions,
    editor: new Editor(shopper, place.products),
    traffic: (arrival, seed) => new Traffic(shopper, visits(place, seed), arrival),
    async frontDoor () {
      host.send('usage')
      return told(host, isUsage)
    },
    async end () {
      redis.disconnect()
      await dispatcher.destroy()
      if (host.exitCode !== null || host.signalCode !== null) return
      const ended = once(host, 'exit')
      host.disconnect()
      await ended
    }
  }
}

interface Started {
  readonly frontDoor: string
  readonly instances: Running['instances']
  readonly redisUrl: string
}

const isStarted = (said: object): said is Started => 'frontDoor' in said
const isUsage = (said: object): said is ProcessUsage => 'cpuMicros' in said

/** Waits for the next matching message of the host. @throws LoadError if the host ends instead */
function told<T extends object> (host: ChildProcess, is: (said: object) => said is T): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => {
      reject(new LoadError('WEIR_ERR_NO_SHOP', 'a shop could not be started, or ended: see above'))
    }
    host.once('exit', ended)
    host.once('message', (said) => {
      host.off('exit', ended)
      if (typeof said === 'object' && said !== null && is(said)) resolve(said)
      else ended()
    })
  })
}

/** Reads from the shop which pages exist. */
async function placeAt (url: string): Promise<Place> {
  const read = async (path: string) =>
    (await request(`${url}${path}`, { headers: { accept: '*/*' } })).body.text()
  const { total } = JSON.parse(await read('/api/products?limit=1')) as { total: number }
  const { items } = JSON.parse(await read('/api/categories')) as {
    items: { slug: string; productCount: number }[]
  }
  const page = await read('/shop')
  return {
    products: total,
    categories: items.map(({ slug, productCount }) => ({
      slug,
      pages: Math.max(1, Math.min(PAGES, Math.floor(productCount / PER_PAGE)))
    })),
    assets: [
      ...new Set([...page.matchAll(/"(\/shop\/assets\/[\w.-]+)/g)].map(([, found = '']) => found))
    ].sort()
  }
}
