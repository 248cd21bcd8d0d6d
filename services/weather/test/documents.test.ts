import { join } from 'node:path'
import { type Cache, createCache, type Store } from '@weir/cache'
import { sqliteStore } from '@weir/cache/sqlite'
import t, { type Test } from 'tap'
import { type Document, type Fetched, type Lifetime } from '../src/documents/document.js'
import { Documents, type Origin } from '../src/documents/documents.js'
import { stopClock } from './support/clock.js'
import { tempDir } from './support/temp-dir.js'

const lifetime: Lifetime = { ttl: 60_000, staleWhileRevalidate: 60_000, staleIfError: 600_000 }
// A tenth of it may be subtracted.
const FRESH = 50_000
const STALE = 70_000
const SPARE = 130_000
const GONE = 700_000

/** Origin whose answers a test gives one by one. */
class Steered implements Origin<number> {
  isFailing = false
  readonly known: (number | undefined)[] = []
  #waiting: { resolve: (fetched: Fetched<number>) => void, reject: (error: Error) => void }[] = []
  #called: () => void = () => {}

  fetch (known: Document<number> | undefined): Promise<Fetched<number>> {
    this.known.push(known?.body)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#called()
    })
  }

  /** Resolves when the origin is called. */
  async asked (): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => { this.#called = resolve })
  }

  async gives (body: number): Promise<void> {
    await this.asked()
    this.#waiting
      .shift()
      ?.resolve({ document: { body, fetchedAt: Date.now(), bornAt: Date.now() }, lifetime })
  }

  async fails (error = new Error('down')): Promise<void> {
    await this.asked()
    this.#waiting.shift()?.reject(error)
  }
}

/** Error about the client of a request. */
class Own extends Error {
  constructor (readonly retryAfterMs: number) {
    super('used up')
  }
}

async function build (t: Test, { patience = 10_000, wrap = (store: Store) => store } = {}) {
  const store = wrap(sqliteStore({ file: join(await tempDir(t), 'cache.db') }))
  t.teardown(() => store.close())
  const clock = stopClock(t)
  const origin = new Steered()
  let noted: (error: unknown) => void = () => {}
  const reports: unknown[] = []
  const cache = () => createCache<Document<number>>({ store, namespace: 'test' })
  const own = cache()
  const make = (cache: Cache<Document<number>>) =>
    new Documents<number>({
      cache,
      isKept: true,
      patience,
      ownFaultOf: (error) =>
        error instanceof Own ? { retryAfterMs: error.retryAfterMs, why: 'OWN' } : undefined,
      tagsOf: (key) => [key],
      report: (error) => {
        reports.push(error)
        noted(error)
      }
    })
  return {
    clock,
    origin,
    reports,
    documents: make(own),
    other: make(cache()),
    /** Resolves when background work of `documents` has ended. */
    idle: () => own.idle(),
    report: () => new Promise<unknown>((resolve) => { noted = resolve })
  }
}

t.test('a document is fetched once for all requests', async (t) => {
  const { origin, documents, other } = await build(t)
  const reads = [documents, documents, other, other].map((instance) => instance.read('a', origin))
  await origin.gives(1)
  const readings = await Promise.all(reads)
  t.same(readings.map(({ document }) => document.body), [1, 1, 1, 1])
  t.match(
    readings.map(({ status }) => status),
    [{ fwd: 'uri-miss', stored: true }, { fwd: 'uri-miss', collapsed: true }, {}, {}]
  )
  t.match(await documents.read('a', origin), {
    document: { body: 1 },
    status: { hit: true, detail: 'memory' }
  })
  t.same(origin.known, [undefined])
})

t.test('a stale document is served at once, and refetched in the background', async (t) => {
  const { clock, origin, documents, idle } = await build(t)
  const first = documents.read('a', origin)
  await origin.gives(1)
  await first
  clock.advance(STALE)
  t.match(await documents.read('a', origin), {
    document: { body: 1 },
    status: { hit: true, ttl: Number }
  })
  t.match(await documents.read('a', origin), { document: { body: 1 } })
  await origin.gives(2)
  t.ok(await idle())
  clock.advance(1)
  t.match(await documents.read('a', origin), { document: { body: 2 } })
  t.same(origin.known, [undefined, 1], 'the known document was revalidated')
})

t.test('an older document waits for a new one, but not for long', async (t) => {
  const { clock, origin, documents, other, idle } = await build(t, { patience: 1 })
  const first = documents.read('a', origin)
  await origin.gives(1)
  await first
  clock.advance(SPARE)
  const reads = await Promise.all(
    [documents, documents, other].map((instance) => instance.read('a', origin))
  )
  for (const reading of reads) {
    t.match(reading, { document: { body: 1 }, status: { fwd: 'stale', detail: 'SOFT_TIMEOUT' } })
  }
  t.equal(origin.known.length, 2, 'one fetch, which continues')
  await origin.gives(2)
  t.ok(await idle())
  clock.advance(1)
  t.match(await documents.read('a', origin), { document: { body: 2 } })
})

t.test('in time is in time', async (t) => {
  const { clock, origin, documents } = await build(t)
  const first = documents.read('a', origin)
  await origin.gives(1)
  await first
  clock.advance(SPARE)
  const second = documents.read('a', origin)
  await origin.gives(2)
  t.match(await second, { document: { body: 2 }, status: { fwd: 'stale', stored: true } })
})

t.test('if nothing can be fetched, an old document is served until it is too old', async (t) => {
  const { clock, origin, documents, other, reports, report } = await build(t)
  const first = documents.read('a', origin)
  await origin.gives(1)
  await first
  clock.advance(SPARE)
  const reads = [documents, documents, other].map((instance) => instance.read('a', origin))
  await origin.fails()
  // The other instance makes its own attempt.
  await origin.fails()
  for (const reading of await Promise.all(reads)) t.match(reading, { document: { body: 1 } })
  t.match(reports, [{ message: 'down' }])

  origin.isFailing = true
  t.match(
    await documents.read('a', origin),
    { document: { body: 1 }, status: { fwd: 'stale', detail: 'UPSTREAM_FAILING' } },
    'no request waits'
  )
  const told = report()
  await origin.fails()
  t.match(await told, { message: 'down' })

  clock.advance(GONE)
  const last = documents.read('a', origin)
  await origin.fails()
  await t.rejects(last, { message: 'down' })
})

t.test('an error about one client does not affect another, which fetches itself', async (t) => {
  const { origin, documents, other } = await build(t)
  const own = new Steered()
  const reads = [documents.read('a', own), documents.read('a', origin), other.read('a', origin)]
  await own.fails(new Own(60_000))
  await origin.gives(1)
  const [refused, ...served] = await Promise.allSettled(reads)
  t.match(refused, { status: 'rejected', reason: { message: 'used up' } })
  t.match(served, [
    { status: 'fulfilled', value: { document: { body: 1 } } },
    { status: 'fulfilled', value: { document: { body: 1 } } }
  ])
  t.equal(origin.known.length, 1)
})

t.test('a client that may not fetch yet waits, if the time is short', async (t) => {
  const { clock, origin, documents } = await build(t, { patience: 1000 })
  const first = documents.read('a', origin)
  await origin.fails(new Own(5))
  await origin.gives(1)
  t.match(await first, { document: { body: 1 } })

  const second = documents.read('b', origin)
  await origin.fails(new Own(1001))
  await t.rejects(second, { message: 'used up' })

  clock.advance(SPARE)
  const third = documents.read('a', origin)
  await origin.fails(new Own(5))
  t.match(
    await third,
    { document: { body: 1 }, status: { fwd: 'stale', detail: 'OWN' } },
    'the stale document is served at once'
  )
})

t.test('many documents are one read of the store', async (t) => {
  const reads: (readonly string[])[] = []
  const wrap = (inner: Store): Store => ({
    ...inner,
    namespace (name) {
      const { entries, validity } = inner.namespace(name)
      return {
        validity,
        entries: {
          set: (key, frame, ttl) => entries.set(key, frame, ttl),
          delete: (key, upTo) => entries.delete(key, upTo),
          swap: (key, seen, frame, ttl) => entries.swap(key, seen, frame, ttl),
          increment: (key, seen, by) => entries.increment(key, seen, by),
          claim: (key, seen) => entries.claim(key, seen),
          get (keys) {
            reads.push(keys)
            return entries.get(keys)
          }
        }
      }
    }
  })
  const { origin, documents, other } = await build(t, { wrap })
  const first = documents.readMany(['a', 'b'], () => origin)
  await origin.gives(1)
  await origin.gives(1)
  await first
  reads.length = 0
  const second = other.readMany(['a', 'b', 'c', 'd'], () => origin)
  await origin.gives(3)
  await origin.fails()
  const settled = await second
  t.match(
    settled.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.body : String(outcome.reason)
    ),
    [1, 1, 3, 'Error: down']
  )
  t.same(reads[0], ['a', 'b', 'c', 'd'])
  t.same(reads.slice(1).flat().filter((key) => key === 'a' || key === 'b'), [])
  t.equal(origin.known.length, 4)
})

t.test(
  'an unavailable store: fresh memory is used, and after that new documents',
  async (t) => {
    let isDown = false
    const refuse = async () => {
      throw new Error('gone')
    }
    const wrap = (inner: Store): Store => ({
      ...inner,
      namespace (name) {
        const refusing = <P extends object>(part: P) =>
          new Proxy(part, {
            get (target, property) {
              const value: unknown = Reflect.get(target, property, target)
              if (typeof value !== 'function') return value
              return isDown ? refuse : (value.bind(target) as unknown)
            }
          })
        const { entries, validity } = inner.namespace(name)
        return { entries: refusing(entries), validity: refusing(validity) }
      }
    })
    const { clock, origin, documents } = await build(t, { wrap })
    const first = documents.read('a', origin)
    await origin.gives(1)
    await first
    isDown = true
    clock.advance(FRESH)
    t.match(await documents.read('a', origin), {
      document: { body: 1 },
      status: { hit: true, detail: 'OUTAGE' }
    })
    clock.advance(SPARE - FRESH)
    const second = documents.read('a', origin)
    await origin.gives(2)
    t.match(await second, { document: { body: 2 }, status: { stored: false } })
    const third = documents.read('a', origin)
    await origin.fails()
    t.match(await third, {
      document: { body: 1 },
      status: { fwd: 'stale', detail: 'STALE_IF_ERROR' }
    })
  }
)
