import t, { type Test } from 'tap'
import { asEditor, startCatalog, type TestCatalog } from './support/catalog.js'
import { WITHOUT_PATIENCE } from './support/patience.js'
import { startRedis } from '@weir/internal/testing'
import { tempDir } from './support/temp-dir.js'
import './support/uncounted.js'

/*
 * Readers and a writer that never pause, while Redis is killed and restarted, frozen and resumed.
 * One reader in eight reads the written resource: it may see a write before it is acknowledged, and
 * then waits with it until no instance can serve the old version. Phases are counted in responses,
 * not in time. The bounds separate requests that wait for Redis from those that do not, on a busy
 * machine; an idle one keeps a twentieth of them.
 */
const READERS = 8
const WRITTEN = 7
const PHASE = 1000
const SLOWEST = 5000
const BACK_WITHIN = 10_000

class Load {
  acknowledged = 0
  answers = 0
  hits = 0
  /** Milliseconds, of reads of unwritten resources. */
  slowest = 0
  readonly wrong: string[] = []
  #price = 1000
  #stopped = false
  #waiting: { until: () => boolean, resolve: () => void }[] = []
  readonly #running: Promise<unknown>

  constructor (readonly instances: readonly TestCatalog[]) {
    const readers = instances.flatMap((instance) =>
      Array.from({ length: READERS }, (_, i) => this.#read(instance, i))
    )
    this.#running = Promise.all([...readers, this.#write()])
  }

  /** Resolves as soon as a response makes the condition true. */
  until (condition: () => boolean): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push({ until: condition, resolve }) })
  }

  /** Resolves after a thousand more responses. */
  phase (): Promise<void> {
    const end = this.answers + PHASE
    this.slowest = 0
    return this.until(() => this.answers >= end)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #read ({ url }: TestCatalog, reader: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const id = reader === 0 ? WRITTEN : 10 + (i + reader) % 20
      const [begun, expected] = [performance.now(), this.acknowledged]
      const response = await fetch(`${url}/api/products/${id}`)
      const { price } = await response.json() as { price: number }
      if (id !== WRITTEN) this.slowest = Math.max(this.slowest, performance.now() - begun)
      const status = response.headers.get('cache-status') ?? ''
      if (status.includes('; hit')) this.hits++
      if (response.status !== 200) this.wrong.push(`${response.status} for product ${id}`)
      if (id === WRITTEN && price < expected) {
        this.wrong.push(`${price} after ${expected} was acknowledged: ${status}`)
      }
      this.answers++
      this.#waiting = this.#waiting.filter(({ until, resolve }) => !until() || resolve())
    }
  }

  async #write (): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const instance = this.instances[i % this.instances.length]
      const price = ++this.#price
      const response = await fetch(`${instance?.url}/api/products/${WRITTEN}`, {
        method: 'PATCH', headers: asEditor, body: JSON.stringify({ price })
      })
      await response.arrayBuffer()
      if (response.status === 200) this.acknowledged = price
      else this.wrong.push(`${response.status} for a write`)
    }
  }
}

t.test(
  'Redis killed and frozen under load: nothing fails, hangs or is stale, and hits are back soon',
  async (t) => {
    const redis = await startRedis(t)
    const dataDir = await tempDir(t)
    const start = (instance: string) =>
      startCatalog(t, {
        dataDir,
        instance,
        redisUrl: redis.url,
        env: { LOG_LEVEL: 'silent', ...WITHOUT_PATIENCE }
      })
    const load = new Load([await start('a'), await start('b')])
    t.teardown(() => load.stop())

    await load.phase()
    t.ok(load.hits > 0, 'at first it caches')
    await redis.kill()
    await outage(t, load, 'killed')
    await redis.restart()
    await back(t, load, 'killed')

    await load.phase()
    redis.freeze()
    await outage(t, load, 'frozen')
    redis.thaw()
    await back(t, load, 'frozen')
    await load.phase()
    await load.stop()
    t.strictSame(load.wrong, [])
  }
)

async function outage (t: Test, load: Load, how: string): Promise<void> {
  await load.phase()
  t.ok(load.slowest < SLOWEST, `${how}: the slowest answer took ${load.slowest.toFixed(0)} ms`)
}

async function back (t: Test, load: Load, how: string): Promise<void> {
  const [begun, hits] = [performance.now(), load.hits]
  // A few may still be served under a lease that has not ended yet; a hundred cannot.
  await load.until(() => load.hits >= hits + 100)
  const took = performance.now() - begun
  t.ok(took < BACK_WITHIN, `${how}: 100 hits ${took.toFixed(0)} ms after it was back`)
}
