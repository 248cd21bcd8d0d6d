import t from 'tap'
import {
  type Cache,
  createCache,
  defaultSerializer,
  type Serializer,
  type StoreNamespace
} from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { record } from './events.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

/** A damaged entry in the store, and a cache without it in memory. */
async function damaged (
  damage: (frame: Buffer) => Buffer
): Promise<{ cache: Cache<string>; namespace: StoreNamespace }> {
  const store = memoryStore()
  await createCache<string>({ store, namespace: 'n' }).set('key', 'value', OPTIONS)
  const namespace = store.namespace('n')
  const [frame] = await namespace.entries.get(['key'])
  if (frame === undefined) throw new Error('a frame was expected')
  await namespace.entries.delete('key')
  await namespace.entries.set('key', damage(Buffer.from(frame)), 60_000)
  return { cache: createCache<string>({ store, namespace: 'n' }), namespace }
}

const flip = (at: number) => (frame: Buffer) => {
  frame.writeUInt8(frame.readUInt8(at) ^ 1, at)
  return frame
}

const damages: Record<string, (frame: Buffer) => Buffer> = {
  'of no bytes': () => Buffer.alloc(0),
  'cut off in the header': (frame) => frame.subarray(0, 30),
  'cut off in the body': (frame) => frame.subarray(0, frame.length - 1),
  'with bytes after it': (frame) => Buffer.concat([frame, Buffer.alloc(1)]),
  'with another stamp': flip(11),
  'with another end': flip(27),
  'with another tag': flip(60),
  'with a different body': flip(68),
  'of another kind': flip(0),
  'of an older version': (frame) => {
    frame[1] = 0
    return frame
  }
}

for (const [name, damage] of Object.entries(damages)) {
  t.test(`a frame ${name} is a miss and an event, and is replaced`, async (t) => {
    const { cache, namespace } = await damaged(damage)
    const discards = record(t, 'weir:cache:discard')
    t.equal(await cache.get('key'), undefined)
    t.strictSame(discards, [{ namespace: 'n', key: 'key', reason: 'corrupt' }])
    t.equal(cache.stats().discarded, 1)
    t.strictSame(await namespace.entries.get(['key']), [undefined], 'it is removed')
    t.equal(await cache.remember('key', OPTIONS, () => 'anew'), 'anew')
    t.ok((await namespace.entries.get(['key']))[0])
  })
}

t.test('among many it is the only miss', async (t) => {
  const { cache } = await damaged(flip(68))
  await cache.set('other', 'value', OPTIONS)
  t.strictSame(await cache.getMany(['key', 'other']), [undefined, 'value'])
})

t.test('a body that the serializer cannot read stays for instances that can', async (t) => {
  const store = memoryStore()
  const discards = record(t, 'weir:cache:discard')
  const upper: Serializer<unknown> = {
    ...defaultSerializer,
    name: 'upper',
    deserialize () {
      throw new SyntaxError('no')
    }
  }
  await createCache({ store, namespace: 'n' }).set('key', 'value', OPTIONS)
  t.equal(await createCache({ store, namespace: 'n', serializer: upper }).get('key'), undefined)
  t.match(discards, [{ reason: 'unreadable' }])
  t.equal(await createCache({ store, namespace: 'n' }).get('key'), 'value')
})

t.test('a corrupt frame that the store cannot delete is still a miss', async (t) => {
  const steered = steeredStore()
  const errors = record(t, 'weir:cache:error')
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  await steered.store.namespace('n').entries.set('key', Buffer.from('nonsense'), 60_000)
  steered.before.delete = () => { throw new Error('read only') }
  t.equal(await cache.get('key'), undefined)
  t.match(errors, [{ operation: 'read', error: { message: 'read only' } }])
})
