import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCachingNginx, startVarnish } from '@weir/internal/testing'
import { Pool } from 'undici'
import { makeDatabase } from './database.js'
import { Front } from './edge-front.js'
import { EdgeJudge } from './edge-judge.js'
import { EDGE_SECRET, type EdgeKind } from './edge-settings.js'
import { type Instance, startFleet } from './fleet.js'
import { Links } from './links.js'
import { TroubledRedis } from './redis.js'
import type { Teardowns } from './teardowns.js'

/** A process that faults befall. */
export interface Server {
  readonly name: string
  freeze (): unknown
  thaw (): unknown
  kill (): Promise<unknown>
  start (): Promise<unknown>
}

/** A destination of purges, which gets most of the reads over HTTP. */
export interface Destination {
  readonly kind: EdgeKind
  readonly judge: EdgeJudge
  /** Front door of the fleet that answers what the destination cannot. */
  readonly front: Front
  /** The network between the instances and the destination. */
  readonly purges: Links
  readonly servers: readonly Server[]
  /** Redis of the other region. */
  readonly redis?: TroubledRedis
  /** Returns the server for the next read. */
  target (): Pick<Instance, 'pool' | 'name'>
}

/** Settings of a destination's start. */
export interface DestinationOptions {
  readonly program: string
  /** Instances of the fleet that sends purges, and of another region. */
  readonly processes: number
  /** Folder with the versions. */
  readonly dataDir: string
  readonly onDeath: (said: string) => void
}

/** Starts a destination. Its front needs the instances. */
export function startDestination (
  kind: EdgeKind, teardowns: Teardowns, options: DestinationOptions
): Promise<Destination> {
  return kind === 'region'
    ? startRegion(teardowns, options)
    : startProxy(kind, teardowns, options)
}

const VCL = fileURLToPath(new URL('../../../packages/edge/varnish', import.meta.url))

/** Starts a Varnish or an nginx before all instances, whichever of them are up. */
async function startProxy (
  kind: 'varnish' | 'nginx', teardowns: Teardowns, { processes }: DestinationOptions
): Promise<Destination> {
  const front = await Front.start(teardowns)
  const t = { teardown: (end: () => unknown) => { teardowns.add(async () => { await end() }) } }
  const proxy = kind === 'nginx'
    // An instance that is frozen for longer than AGAIN allows has its response dropped.
    ? await startCachingNginx(t, front.port, 'proxy_read_timeout 2s;')
    : await startVarnish(t, {
      vclDir: VCL,
      vcl: `
        vcl 4.1;
        import std;
        backend default { .host = "127.0.0.1"; .port = "${front.port}"; }
        acl weir_purgers { "127.0.0.1"; }
        sub weir_secret { set req.http.weir-expected = "${EDGE_SECRET}"; }
        include "weir.vcl";
      `
    })
  const pool = new Pool(proxy.url, { connections: 64, headersTimeout: 20_000 })
  teardowns.add(() => pool.destroy())
  return {
    kind,
    judge: new EdgeJudge(kind),
    front,
    purges: await linksTo(Number(new URL(proxy.url).port), teardowns, processes),
    servers: [{ name: kind, ...proxy }],
    target: () => ({ name: kind, pool })
  }
}

/** Starts a second fleet, with a Redis and an outbox of its own, which reads the same versions. */
async function startRegion (
  teardowns: Teardowns, { program, processes, dataDir: home, onDeath }: DestinationOptions
): Promise<Destination> {
  const dataDir = join(home, 'region')
  await mkdir(dataDir)
  await makeDatabase(join(dataDir, 'versions.db'), 0)
  const redis = await TroubledRedis.start(teardowns, dataDir)
  const addresses = { storeUrl: (instance: number) => redis.urlOf(instance, redis.port) }
  const environment = () => ({ REGION_OF: join(home, 'versions.db') })
  const instances = await startFleet(
    { program, processes, dataDir, addresses, environment, prefix: 'region-' }, teardowns, onDeath
  )
  // Clients read from the fleet at one, and purges arrive at the other region by the other.
  const [front, door] = await Promise.all([Front.start(teardowns), Front.start(teardowns)])
  door.instances = instances
  return {
    kind: 'region',
    judge: new EdgeJudge('region'),
    front,
    purges: await linksTo(door.port, teardowns, processes),
    servers: instances,
    redis,
    target: () => door.next() ?? { name: 'region', pool: undefined }
  }
}

const linksTo = (port: number, teardowns: Teardowns, count: number): Promise<Links> =>
  Links.start(teardowns, count, { port, urlOf: (_, link) => `http://127.0.0.1:${link}` })
