import t from 'tap'
import { type Cache, createCache, type Store, type Validity } from '../src/index.js'
import {
  type AroundCall,
  aroundEntries,
  aroundValidity,
  type StoreOperation
} from '../src/store-calls.js'
import { eachStore } from './each-store.js'
import { gate } from './gate.js'

/** A store whose first operation of the kind waits to be released, like a slow packet. */
function held (store: Store, kind: StoreOperation) {
  const [arrived, released] = [gate(), gate()]
  let isFirst = true
  const around: AroundCall = async (run, operation) => {
    if (operation === kind && isFirst) {
      isFirst = false
      arrived.open()
      await released.opened
    }
    return run()
  }
  const holding: Store = {
    namespace (name) {
      const { entries, validity } = store.namespace(name)
      const isValid: Validity['isValid'] = (entry) => validity.isValid(entry)
      return {
        entries: aroundEntries(entries, around),
        validity: { ...aroundValidity(validity, around), isValid }
      }
    },
    close: () => store.close()
  }
  return { store: holding, arrived: arrived.opened, release: released.open }
}

/** Ways in which a value ends. */
const ENDS: Readonly<Record<string, (cache: Cache<number>) => Promise<unknown>>> = {
  pull: (cache) => cache.pull('key'),
  delete: (cache) => cache.delete('key'),
  invalidate: (cache) => cache.invalidate(['tag']),
  clear: (cache) => cache.clear()
}

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

eachStore(
  t,
  'a stored value is there when the operation is done, although another came and went meanwhile',
  async (t, store) => {
    for (const [name, end] of Object.entries(ENDS)) {
      for (const verb of ['increment', 'add', 'compareAndSet'] as const) {
        const namespace = `${name}-${verb}`
        const swap = held(store, 'swap')
        const [slow, other] = [
          createCache<number>({ store: swap.store, namespace }),
          createCache<number>({ store, namespace })
        ]
        const { version } = await other.getWithVersion('key')
        const doing =
          verb === 'increment'
            ? slow.increment('key', 1, { tags: ['tag'] })
            : verb === 'add'
              ? slow.add('key', 1, OPTIONS)
              : slow.compareAndSet('key', version, 1, OPTIONS)
        await swap.arrived
        t.ok(await other.add('key', 5, OPTIONS))
        await end(other)
        swap.release()
        t.equal(await doing, verb === 'increment' ? 1 : true, `${verb}, ${name}`)
        t.equal(await other.get('key'), 1, `${verb}, ${name}: it is there`)
      }
    }
  }
)

eachStore(t, 'a pulled value is gone from then on', async (t, store) => {
  const cache = createCache<number>({ store, namespace: 'pulled' })
  await cache.increment('key', 3)
  t.equal(await cache.pull('key'), 3)
  t.equal(await cache.pull('key'), undefined)
  t.equal(await cache.get('key'), undefined)
  t.equal(await cache.ttl('key'), undefined)
  t.notOk(await cache.has('key'))
  t.notOk(await cache.touch('key', '1h'))
  t.equal((await cache.getWithVersion('key')).value, undefined)
  t.equal(await cache.remember('key', { ttl: '1h' }, () => 4), 4)
  t.equal(await cache.pull('key'), 4)
  t.equal(await cache.increment('key'), 1, 'a counter starts again')
})

eachStore(t, 'a value stored during a pull is not taken for the pulled one', async (t, store) => {
  const [swap, record] = [held(store, 'swap'), held(store, 'replaced')]
  const [slow, puller, other] = [swap.store, record.store, store].map((store) =>
    createCache<number>({ store, namespace: 'pulling' })
  )
  if (slow === undefined || puller === undefined || other === undefined) {
    throw new Error('three caches')
  }
  const counting = slow.increment('key')
  await swap.arrived
  // A fill leaves no record that would already have ended the held value.
  await other.remember('key', OPTIONS, () => 5)
  const pulling = puller.pull('key')
  await record.arrived
  swap.release()
  t.equal(await counting, 1)
  record.release()
  t.equal(await pulling, 5)
  t.equal(await other.get('key'), 1, 'it is there')
})
