import { decode, encode } from '@msgpack/msgpack'
import t from 'tap'
import {
  type Cache,
  type CacheOptions,
  createCache,
  type Serializer,
  type Store
} from '../src/index.js'
import { decodeFrame, encodeFrame } from '../src/frame.js'
import { memoryStore } from '../src/stores/memory.js'
import { eachStore } from './each-store.js'
import { record } from './events.js'
import { randomFrom } from './random.js'

// Allows for a busy machine.
t.setTimeout(120_000)

const OPTIONS = { ttl: '1m' } as const

const msgpack: Serializer<unknown> = {
  name: 'msgpack',
  serialize: (value) => ({ meta: '', body: encode(value) }),
  deserialize: ({ body }) => decode(body)
}
/**
 * A format whose bytes the other one accepts as values: a JSON digit is a small integer in
 * MessagePack.
 */
const digits: Serializer<unknown> = {
  name: 'digits',
  serialize: (value) => ({ meta: '', body: Buffer.from(JSON.stringify(value)) }),
  deserialize: ({ body }) => JSON.parse(body.toString()) as unknown
}

type Settings = Pick<CacheOptions<unknown>, 'serializer' | 'compression'>

const serializers: Readonly<Record<string, Settings>> = {
  default: {},
  json: { serializer: 'json' },
  structured: { serializer: 'structured' },
  msgpack: { serializer: msgpack },
  digits: { serializer: digits }
}
const compressions: Readonly<Record<string, Settings>> = {
  none: {},
  brotli: { compression: { algorithm: 'brotli', threshold: 0 } },
  gzip: { compression: { algorithm: 'gzip', threshold: 0, level: 9 } },
  default: { compression: true }
}
const BUILT_IN = ['default', 'json', 'structured']

const settings = Object.entries(serializers).flatMap(([serializer, a]) =>
  Object.entries(compressions).map(([compression, b]) => ({
    family: BUILT_IN.includes(serializer) ? 'built-in' : serializer,
    name: `${serializer}, ${compression}`,
    options: { ...a, ...b }
  }))
)

/** JSON of any size, which every serializer here restores. */
function json (random: (below: number) => number, depth: number): unknown {
  switch (random(depth === 0 ? 5 : 7)) {
    case 0:
      return random(1000)
    case 1:
      return random(2) === 0
    case 2:
      return null
    case 3:
      return 'text ü '.repeat(random(8000))
    case 4:
      return `${random(10)}`
    case 5:
      return Array.from({ length: random(6) }, () => json(random, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: random(6) }, (_, i) => [`member ${i}`, json(random, depth - 1)])
      )
  }
}

const open = (store: Store, options: Settings): Cache<unknown> =>
  createCache<unknown>({ store, namespace: 'n', ...options })

eachStore(
  t,
  'a value written with one setting is read with another, or is a miss, and never becomes a different value',
  async (t, store) => {
    let seed = 0
    for (const writer of settings) {
      const write = open(store, writer.options)
      const values = Array.from({ length: 4 }, () => json(randomFrom(++seed), 3))
      const keys = values.map((_, i) => `${writer.name} ${i}`)
      for (const [i, key] of keys.entries()) await write.set(key, values[i], OPTIONS)
      for (const reader of settings) {
        const read = open(store, reader.options)
        const found = await Promise.all(keys.map((key) => read.find(key)))
        const expected = reader.family === writer.family ? values : values.map(() => undefined)
        if (
          !t.strictSame(
            found.map((hit) => hit?.entry.value),
            expected,
            `${writer.name} -> ${reader.name}`
          )
        ) { return }
        t.strictSame(await read.getMany(keys), expected, 'many at once')
      }
      t.strictSame(
        await open(store, writer.options).getMany(keys),
        values,
        'instances that could not read it have left it'
      )
    }
  }
)

eachStore(t, 'an unreadable value is filled again and replaced', async (t, store) => {
  const [first, second] = [
    open(store, { serializer: msgpack }),
    open(store, { serializer: 'json' })
  ]
  const discards = record(t, 'weir:cache:discard')
  t.equal(await first.remember('key', OPTIONS, () => 'first'), 'first')
  t.equal(await second.remember('key', OPTIONS, () => 'second'), 'second')
  t.equal(discards[0]?.reason, 'unreadable')
  t.equal(await second.remember('key', OPTIONS, () => 'third'), 'second')
  // The value in the first one's memory has been replaced.
  t.equal(await first.get('key'), undefined)
  t.equal(await first.remember('key', OPTIONS, () => 'fourth'), 'fourth')
  t.equal(await second.remember('key', OPTIONS, () => 'fifth'), 'fifth')
  t.equal(await second.get('key'), 'fifth')
})

/** Writers of values that a reader with the default serializer and 1,000 bytes cannot read. */
const unreadable: Readonly<
  Record<string, (store: Store, key: string) => Promise<Cache<unknown>>>
> = {
  'another serializer': async (store, key) => {
    const writer = open(store, { serializer: msgpack })
    await writer.set(key, 5, TAGGED)
    return writer
  },
  'a lower maxValueBytes': async (store, key) => {
    const writer = open(store, { compression: { threshold: 0 } })
    await writer.set(key, 'text '.repeat(1000), TAGGED)
    return writer
  },
  'a compression it does not have': async (store, key) => {
    const writer = open(store, {})
    await writer.set(key, 5, TAGGED)
    const { entries } = store.namespace('n')
    const [frame] = await entries.get([key])
    const stored = frame && decodeFrame(frame)
    if (stored === undefined) throw new Error('a frame was expected')
    await entries.set(
      key,
      encodeFrame({
        ...stored,
        value: { ...stored.value, meta: `\0weir\0lzma\x005\0${stored.value.meta}` }
      }),
      60_000
    )
    return writer
  }
}
const TAGGED = { ttl: '1m', tags: ['tag'] } as const

eachStore(
  t,
  'an unreadable value exists for all methods that check existence',
  async (t, store) => {
    const frameOf = async (key: string) => (await store.namespace('n').entries.get([key]))[0]
    const read = createCache<unknown>({ store, namespace: 'n', maxValueBytes: 1000 })
    const { version: absent } = await read.getWithVersion('absent')
    for (const [why, write] of Object.entries(unreadable)) {
      const writer = await write(store, why)
      const before = await frameOf(why)
      t.equal(await read.get(why), undefined, why)
      t.equal(await read.add(why, 'second', OPTIONS), false)
      t.equal(await read.compareAndSet(why, absent, 'second', OPTIONS), false)
      t.equal(await read.pull(why), undefined)
      await t.rejects(read.increment(why), {
        code: 'WEIR_CACHE_NOT_A_NUMBER',
        message: /this instance cannot read/
      })
      const { value, version } = await read.getWithVersion(why)
      t.strictSame([value, version], [undefined, (await writer.getWithVersion(why)).version])
      t.strictSame(await frameOf(why), before, 'it is as it was')

      const body = (frame: Buffer | undefined) => frame && decodeFrame(frame)?.value
      t.equal(await read.touch(why, '1h'), true)
      t.strictSame(body(await frameOf(why)), body(before), 'touch keeps the bytes')
      t.equal(
        await read.compareAndSet(why, version, 'second', OPTIONS),
        false,
        'touch makes a version'
      )
      const touched = await read.getWithVersion(why)
      t.equal(await read.compareAndSet(why, touched.version, 'second', OPTIONS), true)
      t.equal(await read.get(why), 'second')

      for (const end of [
        () => read.invalidate(['tag']),
        () => writer.delete(why),
        () => writer.touch(why, 0),
        () => read.clear()
      ]) {
        await write(store, why)
        await end()
        t.equal((await read.getWithVersion(why)).version, absent)
        t.equal(await read.add(why, 'anew', OPTIONS), true, 'an expired value does not exist')
        await read.delete(why)
      }
      t.equal(await (await write(store, why)).add(why, 'second', OPTIONS), false)
      t.equal(
        await read.remember(why, OPTIONS, () => 'filled'),
        'filled',
        'remember replaces it, as before'
      )
      await read.delete(why)
    }
  }
)

t.test('frames with false claims are misses, and stay', async (t) => {
  const store = memoryStore()
  const { entries } = store.namespace('n')
  const value = 'text '.repeat(1000)
  const options = { compression: { threshold: 0 } }
  await open(store, options).set('key', value, OPTIONS)
  const [frame] = await entries.get(['key'])
  if (frame === undefined) throw new Error('a frame was expected')
  const stored = decodeFrame(frame)
  if (stored === undefined) throw new Error('a whole frame was expected')
  t.ok(stored.value.meta.startsWith('\0weir\0brotli\x005000\0text '))
  const head = (meta: string) => ({ ...stored, value: { ...stored.value, meta } })
  const metas = [
    '\0weir\0brotli\x004999\0text 0',
    '\0weir\0brotli\x005001\0text 0',
    '\0weir\0brotli\x000\0text 0',
    '\0weir\0gzip\x005000\0text 0',
    '\0weir\0zstd\x005000\0text 0',
    '\0weir\0lzma\x005000\0text 0',
    `\0weir\0brotli\0${'9'.repeat(400)}\0text 0`,
    '\0weir\0brotli\x005000\0',
    '\0weir\0',
    '\0other\0brotli\x005000\0text 0',
    '\0\0\0\0text 0',
    '\0'
  ]
  for (const meta of metas) {
    await entries.set('key', encodeFrame(head(meta)), 60_000)
    t.equal(await open(store, options).get('key'), undefined, JSON.stringify(meta))
    t.ok((await entries.get(['key']))[0], 'it stays')
    t.equal(await open(store, options).remember('key', OPTIONS, () => 'anew'), 'anew')
    await entries.delete('key')
  }
})

t.test('decompression stops at the frame\'s size, and at the cache\'s limit', async (t) => {
  const store = memoryStore()
  const zeros = Buffer.alloc(1_000_000)
  await open(store, { compression: { threshold: 0 } }).set('zeros', zeros, OPTIONS)
  const small = createCache<unknown>({ store, namespace: 'n', maxValueBytes: 999_999 })
  t.equal(await small.get('zeros'), undefined)
  t.strictSame(
    await createCache<unknown>({ store, namespace: 'n', maxValueBytes: 1_000_000 }).get('zeros'),
    zeros
  )
  t.strictSame(await small.inspect('zeros'), {})
})

t.test('memory has the plain value, and counts its size', async (t) => {
  const store = memoryStore()
  const value = { text: 'text '.repeat(30_000), list: [1, 2, 3] }
  const [plain, compressed] = [
    open(store, {}),
    createCache<unknown>({ store, namespace: 'c', compression: true })
  ]
  await plain.set('key', value, OPTIONS)
  await compressed.set('key', value, OPTIONS)
  t.equal(compressed.stats().l1.bytes, plain.stats().l1.bytes)
  const reader = createCache<unknown>({ store, namespace: 'c' })
  t.strictSame(await reader.get('key'), value)
  t.equal(reader.stats().l1.bytes, plain.stats().l1.bytes, 'also out of the store')
  const [frame] = await store.namespace('c').entries.get(['key'])
  t.ok(Number(frame?.length) < 1000, `${frame?.length} bytes`)
  const inspected = await compressed.inspect('key')
  t.strictSame(inspected.store?.entry.value, value)
  t.equal(inspected.store?.bytes, frame?.length)
})

t.test('many concurrent readers without memory: one decompresses', async (t) => {
  const store = memoryStore()
  const value = 'text '.repeat(30_000)
  await open(store, { compression: true }).set('key', value, OPTIONS)
  const reader = createCache<unknown>({ store, namespace: 'n', l1: false })
  const all = await Promise.all(Array.from({ length: 50 }, () => reader.get('key')))
  t.ok(all.every((one) => one === value))
})

t.test(
  'a value invalidated during decompression is not served to later callers',
  async (t) => {
    const store = memoryStore()
    const cache = createCache<unknown>({ store, namespace: 'n', compression: true })
    await cache.set('key', 'text '.repeat(30_000), { ...OPTIONS, tags: ['tag'] })
    const reader = createCache<unknown>({ store, namespace: 'n' })
    const early = reader.get('key')
    await reader.invalidate(['tag'])
    t.equal(await reader.get('key'), undefined)
    await early
    t.equal(await reader.get('key'), undefined)
  }
)
