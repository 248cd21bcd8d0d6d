import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import t from 'tap'
import { type CacheOptions, createCache } from '../src/index.js'
import { decodeFrame } from '../src/frame.js'
import { memoryStore } from '../src/stores/memory.js'

const OPTIONS = { ttl: '1m' } as const
/** Values that plain JavaScript may pass. */
const untyped = (value: unknown) => value as never

/** The stored form of a value. */
async function stored (
  value: string | Buffer,
  options: Pick<CacheOptions<unknown>, 'compression' | 'serializer'>
) {
  const store = memoryStore()
  await createCache<unknown>({ store, namespace: 'n', ...options }).set('key', value, OPTIONS)
  const [frame] = await store.namespace('n').entries.get(['key'])
  const whole = frame && decodeFrame(frame)
  if (whole === undefined) throw new Error('a frame was expected')
  return whole.value
}

const isCompressed = async (
  value: string | Buffer,
  options: Pick<CacheOptions<unknown>, 'compression'>
) => (await stored(value, options)).meta.startsWith('\0')

t.test('from the threshold on', async (t) => {
  for (const threshold of [0, 1, 100, 1000, 32 * 1024, 100_000]) {
    const compression = { threshold }
    if (threshold > 90) {
      t.notOk(await isCompressed('a'.repeat(threshold - 1), { compression }), `below ${threshold}`)
    }
    t.ok(
      await isCompressed('a'.repeat(Math.max(threshold, 50)), { compression }),
      `at ${threshold}`
    )
  }
  t.notOk(await isCompressed('a'.repeat(128 * 1024 - 1), { compression: true }))
  t.ok(await isCompressed('a'.repeat(128 * 1024), { compression: true }))
  t.ok(await isCompressed('a'.repeat(128 * 1024), { compression: {} }))
  t.notOk(await isCompressed('a'.repeat(100_000), { compression: false }))
  t.notOk(await isCompressed('a'.repeat(100_000), {}))
})

t.test('a value that does not become smaller is stored uncompressed', async (t) => {
  const noise = randomBytes(50_000)
  for (const algorithm of ['brotli', 'gzip'] as const) {
    const { meta, body } = await stored(noise, { compression: { algorithm, threshold: 0 } })
    t.notOk(meta.startsWith('\0'))
    t.strictSame(body, noise)
    t.notOk(await isCompressed('', { compression: { algorithm, threshold: 0 } }), 'nothing')
    t.notOk(await isCompressed('abc', { compression: { algorithm, threshold: 0 } }))
  }
})

t.test('the algorithm and level options are used', async (t) => {
  const text = Array.from({ length: 40_000 }, (_, i) => `${(i * 7919) % 1000}`).join(' ')
  const gzip = await stored(text, { compression: { algorithm: 'gzip' } })
  t.equal(zlib.gunzipSync(gzip.body).toString(), text)
  for (const algorithm of ['brotli', 'gzip'] as const) {
    const [fast, best] = await Promise.all(
      [1, 9].map((level) => stored(text, { compression: { algorithm, level } }))
    )
    t.ok(Number(best?.body.length) < Number(fast?.body.length), algorithm)
  }
})

t.test('invalid options', async (t) => {
  const table: [compression: unknown, message: RegExp][] = [
    ['gzip', /^compression 'gzip': use true, or an object/],
    [1, /^compression 1/],
    [null, /^compression null/],
    [{ algorithm: 'lz4' }, /^compression\.algorithm 'lz4': use 'brotli', 'gzip' or 'zstd'$/],
    [{ algorithm: 'constructor' }, /algorithm/],
    [{ threshold: -1 }, /^compression\.threshold -1/],
    [{ threshold: '1k' }, /threshold '1k'/],
    [{ threshold: 1.5 }, /threshold/],
    [{ level: 12 }, /^compression\.level 12: brotli has 0 to 11$/],
    [{ level: 1.5 }, /level/],
    [{ algorithm: 'gzip', level: 0 }, /gzip has 1 to 9/],
    [{ treshold: 5 }, /^compression 'treshold': the options are algorithm, threshold, level$/]
  ]
  for (const [compression, message] of table) {
    t.throws(
      () =>
        createCache({ store: memoryStore(), namespace: 'n', compression: untyped(compression) }),
      { code: 'WEIR_CACHE_INVALID_OPTION', message }
    )
  }
})

t.test('zstd where Node supports it, otherwise a clear error', async (t) => {
  const make = () =>
    createCache({ store: memoryStore(), namespace: 'n', compression: { algorithm: 'zstd' } })
  if ('zstdCompress' in zlib) {
    t.ok(await isCompressed('a'.repeat(40_000), { compression: { algorithm: 'zstd' } }))
  } else {
    t.throws(make, {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message:
        /^compression\.algorithm 'zstd': Node 2\d\.[\d.]+ does not support it: use Node 22\.15 or later, or 'brotli'$/
    })
  }
})

t.test('compressing a large value does not block the event loop', async (t) => {
  const cache = createCache<string>({
    store: memoryStore(),
    namespace: 'n',
    compression: { level: 9 }
  })
  let turns = 0
  const done = cache.set('key', 'some text, '.repeat(400_000), OPTIONS).then(() => true)
  while (
    (await Promise.race([
      done,
      new Promise<false>((resolve) => {
        setImmediate(resolve, false)
      })
    ])) === false
  ) { turns++ }
  t.ok(turns > 0, `${turns} turns`)
})
