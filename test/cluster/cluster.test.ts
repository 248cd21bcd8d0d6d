/*
 * The cluster of infra/kubernetes, played by processes: nginx with its configuration, an address
 * that behaves like kube-proxy, and instances of the catalog over one Redis. Clients read and write
 * all the time; no request may fail, and no read may be older than the newest write acknowledged
 * before it.
 *
 *   CLUSTER_SIZE=20 CLUSTER_READS=1000 node test/dist/cluster/cluster.test.js
 */
import { type TestRedis, startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { Links } from '../coherence/links.js'
import { Teardowns } from '../coherence/teardowns.js'
import { startCatalog, type TestCatalog } from '../support/catalog.js'
import { tempDir } from '../support/temp-dir.js'
import '../support/uncounted.js'
import { Customers } from './customers.js'
import { startFront } from './front.js'
import { ServiceAddress } from './service-address.js'

/** Instances after scaling up. */
const SIZE = Number(process.env['CLUSTER_SIZE'] ?? 4)
/** Reads in each phase. */
const READS = Number(process.env['CLUSTER_READS'] ?? 150)
const KILL = 'a killed pod'
const CLOCK = new URL('../programs/wrong-clock.js', import.meta.url).href

t.setTimeout(600_000 * Math.ceil(SIZE / 10))

class Cluster {
  readonly pods: TestCatalog[] = []
  #made = 0

  private constructor (
    readonly t: Test,
    readonly dataDir: string,
    readonly redis: TestRedis,
    readonly address: ServiceAddress,
    readonly url: string
  ) {}

  static async start (t: Test): Promise<Cluster> {
    const address = await ServiceAddress.start(t)
    return new Cluster(
      t, await tempDir(t), await startRedis(t), address, await startFront(t, address.host)
    )
  }

  /** Starts a pod; resolves when it receives connections. */
  async start (
    { redisUrl = this.redis.url, env = {} }:
    { redisUrl?: string, env?: Readonly<Record<string, string>> } = {}
  ): Promise<TestCatalog> {
    const pod = await startCatalog(this.t, {
      dataDir: this.dataDir,
      redisUrl,
      instance: `catalog-${++this.#made}`,
      // The settings of infra/kubernetes, with a drain of five times the delay of the address.
      env: { DRAIN_MS: '1250', REDIS_COMMAND_TIMEOUT: '100', TRUST_PROXY: 'loopback', ...env }
    })
    this.pods.push(pod)
    await this.address.add(pod.port)
    return pod
  }

  /** Ends a pod as the kubelet does: SIGTERM at the moment its endpoint is being removed. */
  async end (pod: TestCatalog | undefined = this.pods[0]): Promise<void> {
    if (pod === undefined) return
    this.pods.splice(this.pods.indexOf(pod), 1)
    this.address.remove(pod.port)
    await pod.stop()
  }

  async scale (size: number): Promise<void> {
    const missing = Math.max(0, size - this.pods.length)
    await Promise.all(Array.from({ length: missing }, () => this.start()))
    await Promise.all(this.pods.slice(size).map((pod) => this.end(pod)))
  }

  /** Surge 1, unavailable 0. Pods that end are not waited for. */
  async rollOut (): Promise<void> {
    const ends: Promise<void>[] = []
    for (const old of [...this.pods]) {
      await this.start()
      ends.push(this.end(old))
    }
    await Promise.all(ends)
  }
}

const cluster = await Cluster.start(t)

t.test('no request fails and no read is stale', async (t) => {
  await Promise.all([5000, -5000].map((ms) => cluster.start({ env: clockOff(ms) })))
  const customers = new Customers(() => cluster.url)
  t.teardown(() => customers.stop())
  const phase = async (name: string, happens: () => Promise<unknown>): Promise<void> => {
    await happens()
    await customers.more(READS)
    t.strictSame(customers.wrong.splice(0), [], name)
    const unknown = customers.unknown.splice(0)
    // The address accepts connections to a killed pod before it learns that nothing listens, so a
    // write on one has been sent. A real kube-proxy refuses it, and nginx sends it elsewhere.
    if (name === KILL) t.comment(`${unknown.length} writes lost with the killed pod`)
    else t.strictSame(unknown, [], `${name}: no write is lost`)
  }

  await phase('two instances with clocks that are 5 s off', async () => {})
  await phase('a rolling update to right clocks', () => cluster.rollOut())
  await phase(`scaling to ${SIZE}`, () => cluster.scale(SIZE))
  await phase('scaling to 3', () => cluster.scale(3))

  const teardowns = new Teardowns()
  t.teardown(() => teardowns.run())
  const links = await Links.start(
    teardowns, 1, { port: cluster.redis.port, urlOf: (_, port) => `redis://127.0.0.1:${port}` }
  )
  await phase(KILL, async () => {
    const [killed] = cluster.pods.splice(0, 1)
    await killed?.kill()
    // The pod that takes its place reaches Redis over a link.
    await Promise.all([
      cluster.address.lost(killed?.port ?? 0), cluster.start({ redisUrl: links.storeUrl(0) })
    ])
  })
  for (const state of ['cut', 'open', 'stalled', 'open'] as const) {
    await phase(`network between one instance and Redis: ${state}`, async () => {
      links.set(0, state)
    })
  }
  await customers.stop()
  const { reads, hits, writes } = customers
  t.comment(`${reads} reads, ${hits} hits, ${writes} writes`)
  t.ok(hits > reads / 3, 'caches are used')
  t.ok(writes > READS / 10, 'and invalidated')
})

t.test('stale reads and failed requests are noticed', async (t) => {
  // An instance over another Redis hears of no invalidation.
  const other = await startRedis(t)
  const reader = await cluster.start({ redisUrl: other.url })
  const customers = new Customers((isWrite) => (isWrite ? cluster.pods[0] : reader)?.url ?? '')
  t.teardown(() => customers.stop())
  await customers.more(100)
  t.ok(customers.wrong.some((text) => /^product \d: \d+ after \d+/.test(text)))
  await Promise.all(cluster.pods.map((pod) => pod.kill()))
  await customers.more(20)
  t.ok(customers.wrong.some((text) => text.startsWith('read: ')))
  t.ok(customers.wrong.some((text) => text.startsWith('write: ')))
})

function clockOff (ms: number): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${CLOCK}`,
    CLOCK_OFFSET: String(ms)
  }
}
