import t from 'tap'
import { DecodedFrames } from '../src/decoded-frames.js'
import { encodeFrame } from '../src/frame.js'
import {
  type Cache,
  createCache,
  defaultSerializer,
  type Entry,
  type Serialized,
  type Serializer
} from '../src/index.js'
import { record } from './events.js'
import { randomFrom } from './random.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

const frameWith = (changes: Partial<Entry<Serialized>> = {}) => encodeFrame({
  value: { meta: `${HEAD}json 10`, body: Buffer.from('{"a":1}') },
  stamp: 1000,
  tags: ['tag'],
  storedAt: 4e12,
  freshUntil: 5e12,
  staleUntil: 5e12,
  errorUntil: 5e12,
  keptFor: 0,
  filledBy: 'a',
  cost: 1,
  ...changes
})

/** Start of the meta of a value from that serializer. */
const HEAD = '\0counted\0\0\0'
const plain: Serializer<unknown> = { ...defaultSerializer, name: 'counted' }

/** A serializer that counts how many values it has parsed. */
function counting () {
  const counted = { parsed: 0 }
  const serializer: Serializer<unknown> = {
    ...plain,
    deserialize (serialized) {
      counted.parsed++
      return defaultSerializer.deserialize(serialized)
    }
  }
  return { counted, serializer }
}

/** A cache without memory, and its store. */
function setUp () {
  const steered = steeredStore()
  const { counted, serializer } = counting()
  const options = { store: steered.store, namespace: 'n' }
  const cache = createCache({ ...options, l1: false, serializer })
  return {
    steered,
    counted,
    cache,
    other: createCache<unknown>({ ...options, serializer: plain }),
    entries: steered.store.namespace('n').entries
  }
}

const get = async (cache: Cache<unknown>) => cache.get('key')

t.test('an unchanged frame from the store gives the same object, parsed once', async (t) => {
  const { cache, other, counted, steered } = setUp()
  await other.set('key', { a: 1 }, OPTIONS)
  const value = await get(cache)
  t.strictSame(value, { a: 1 })
  t.equal(await cache.remember('key', OPTIONS, () => ({})), value)
  t.equal((await cache.find('key'))?.entry.value, value)
  t.strictSame(await cache.getMany(['key', 'other']), [value, undefined])
  t.equal(counted.parsed, 1)
  t.equal(
    steered.asked.filter((method) => method === 'get').length,
    4,
    'the store is asked each time'
  )
  t.match(cache.stats(), { hits: { l1: 0, l2: 4 }, l1: { entries: 0 } })
})

t.test('a different value is parsed: set, refilled, or with the same stamp', async (t) => {
  const { cache, other, entries } = setUp()
  await other.set('key', 'first', OPTIONS)
  t.equal(await get(cache), 'first')
  await other.set('key', 'second', OPTIONS)
  t.equal(await get(cache), 'second')
  const [frame] = await entries.get(['key'])
  const stamp = frame?.readDoubleBE(4) ?? 0
  for (const storedAt of [4e12, 4e12 + 1]) {
    const value = { meta: `${HEAD}text 10`, body: Buffer.from(`${storedAt}`) }
    await entries.set('key', frameWith({ stamp, storedAt, value }), 60_000)
    t.equal(await get(cache), `${storedAt}`)
  }
})

t.test('validity is checked on every read', async (t) => {
  const { cache, other, steered } = setUp()
  const ends = {
    'its tag is invalidated': () => other.invalidate(['tag']),
    'everything is cleared': () => other.clear(),
    'its key is deleted, and the store still has it': async () => {
      steered.before.delete = () => { throw new Error('read only') }
      await other.delete('key')
      steered.before = {}
    }
  }
  for (const [what, end] of Object.entries(ends)) {
    await other.set('key', what, OPTIONS)
    t.equal(await get(cache), what)
    t.equal(await get(cache), what)
    await end()
    t.equal(await get(cache), undefined, what)
    t.equal(await get(cache), undefined, what)
  }
})

t.test('a corrupt frame is a miss, although its header is known', async (t) => {
  const whole = frameWith()
  const damages = {
    'cut off in the body': whole.subarray(0, whole.length - 1),
    'cut off after the header': whole.subarray(0, 68),
    'cut off in the header': whole.subarray(0, 40),
    'with bytes after it': Buffer.concat([whole, Buffer.alloc(1)])
  }
  for (const [what, damaged] of Object.entries(damages)) {
    const { cache, steered } = setUp()
    const discards = record(t, 'weir:cache:discard')
    const { entries } = steered.store.namespace('n')
    await entries.set('key', whole, 60_000)
    t.strictSame(await get(cache), { a: 1 })
    await entries.delete('key')
    await entries.set('key', damaged, 60_000)
    t.equal(await get(cache), undefined, what)
    t.match(discards, [{ key: 'key', reason: 'corrupt' }])
  }
})

t.test('the header distinguishes a frame from all others of its key', (t) => {
  const random = randomFrom(16)
  const pick = <V>(...values: readonly [V, ...V[]]): V => values[random(values.length)] ?? values[0]
  const frame = () => frameWith({
    stamp: pick(1000, 1000.5, 1001),
    storedAt: pick(1, 2),
    freshUntil: pick(3, 4),
    staleUntil: pick(3, 4),
    errorUntil: pick(3, 4),
    keptFor: pick(0, 1000),
    filledBy: pick('', 'a', 'b'),
    cost: pick(0, 1),
    tags: pick([], ['a'], ['b'], ['a', 'b']),
    value: { meta: pick('text 1', 'text 2'), body: Buffer.from(pick('', 'a', 'b', 'ab')) }
  })
  const decoded = new DecodedFrames<{
    readonly frame: Buffer
    readonly stamp: number
    readonly bytes: number
  }>({})
  const last = new Map<string, Buffer>()
  let known = 0
  for (let i = 0; i < 20_000; i++) {
    const key = pick('a', 'b')
    const kept = last.get(key)
    const asked = kept !== undefined && random(2) === 0 ? Buffer.from(kept) : frame()
    const found = decoded.get(key, asked)
    if (found !== undefined && !found.frame.equals(asked)) {
      t.fail(`${asked.toString('hex')} is mistaken for ${found.frame.toString('hex')}`)
    }
    if (found === undefined && kept?.equals(asked) === true) {
      t.fail(`${asked.toString('hex')} is not known`)
    }
    if (found !== undefined) known++
    const stamp = asked.readDoubleBE(4)
    if (found === undefined && (kept === undefined || stamp >= kept.readDoubleBE(4))) {
      last.set(key, asked)
    }
    if (found === undefined) decoded.set(key, asked, { frame: asked, stamp, bytes: asked.length })
  }
  t.ok(known > 1000)
  t.end()
})

t.test('bounded by bytes and by count', async (t) => {
  const entry = { stamp: 1, bytes: 1000 }
  const frame = frameWith()
  const kept = (limits: { maxBytes?: number, maxEntries?: number }) => {
    const decoded = new DecodedFrames<typeof entry>(limits)
    for (let i = 0; i < 100; i++) decoded.set(`key-${i}`, frame, entry)
    return Array.from({ length: 100 }, (_, i) => decoded.get(`key-${i}`, frame)).filter(
      (found) => found !== undefined
    ).length
  }
  t.equal(kept({ maxEntries: 10 }), 10)
  const byBytes = kept({ maxBytes: 20_000 })
  t.ok(byBytes > 10 && byBytes < 20, `${byBytes}`)
})

t.test('an instance evicts them, for one key or for all', async (t) => {
  const { cache, other, counted } = setUp()
  await other.set('key', { a: 1 }, OPTIONS)
  const value = await get(cache)
  cache.evict('key')
  const again = await get(cache)
  t.not(again, value)
  t.strictSame(again, value)
  t.equal(counted.parsed, 2)
})

t.test('with memory enabled, memory keeps the values', async (t) => {
  const steered = steeredStore()
  const { counted, serializer } = counting()
  const cache = createCache({ store: steered.store, namespace: 'n', serializer })
  await createCache<unknown>({ store: steered.store, namespace: 'n', serializer: plain }).set(
    'key',
    { a: 1 },
    OPTIONS
  )
  await get(cache)
  await get(cache)
  t.equal(steered.asked.filter((method) => method === 'get').length, 1)
  cache.evict('key')
  await get(cache)
  t.equal(counted.parsed, 2)
})
