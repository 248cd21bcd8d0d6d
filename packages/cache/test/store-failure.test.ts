import t from 'tap'
import { createCache, Fill } from '../src/index.js'
import { record } from './events.js'
import { gate, gatedFn } from './gate.js'
import { steeredStore, type SteeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const
const failing = () => { throw new Error('down') }

function down (steered: SteeredStore) {
  for (const method of [
    'get',
    'set',
    'delete',
    'stamp',
    'invalidate',
    'clear',
    'isValid'
  ] as const) { steered.before[method] = failing }
}

t.test(
  'a store that is down: one run of the function for all concurrent callers, nothing stored',
  async (t) => {
    const steered = steeredStore({ judgesLocally: false })
    const cache = createCache<string>({ store: steered.store, namespace: 'n' })
    down(steered)
    let runs = 0
    const slow = gatedFn<string>()
    const read = () =>
      cache.remember('key', OPTIONS, () => {
        runs++
        return slow.fn()
      })
    const callers = Array.from({ length: 500 }, read)
    await slow.started
    slow.end('value')
    t.strictSame(await Promise.all(callers), Array(500).fill('value'))
    t.equal(runs, 1)
    await read()
    t.equal(runs, 2)
  }
)

t.test(
  'callers that arrive while it runs cannot know whether its value is still valid: one further run',
  async (t) => {
    const steered = steeredStore({ judgesLocally: false })
    const cache = createCache<string>({ store: steered.store, namespace: 'n' })
    down(steered)
    const slow = gatedFn<string>()
    const first = cache.remember('key', OPTIONS, slow.fn)
    await slow.started
    let runs = 0
    const later = Array.from({ length: 50 }, () =>
      cache.remember('key', OPTIONS, () => `later ${++runs}`)
    )
    slow.end('first')
    t.equal(await first, 'first')
    t.strictSame(await Promise.all(later), Array(50).fill('later 1'))
  }
)

t.test(
  'an entry in memory is not served while its validity is unknown, and is served again afterward',
  async (t) => {
    const steered = steeredStore({ judgesLocally: false })
    const cache = createCache<string>({ store: steered.store, namespace: 'n' })
    await cache.set('key', 'value', OPTIONS)
    steered.before.isValid = failing
    t.equal(await cache.get('key'), undefined)
    steered.before = {}
    t.equal(await cache.get('key'), 'value')
  }
)

t.test('the store fails between the stamp and the set', async (t) => {
  const errors = record(t, 'weir:cache:error')
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  steered.before.set = failing
  const fill = await cache.acquire('key')
  if (!(fill instanceof Fill)) throw new Error('a fill was expected')
  t.match(await fill.commit('value', () => OPTIONS), {
    result: 'failed',
    entry: { value: 'value' }
  })
  t.match(errors, [{ operation: 'write', key: 'key' }])
  await t.rejects(cache.set('key', 'value', OPTIONS), {
    code: 'WEIR_CACHE_STORE_FAILED',
    message: /store the value/
  })
})

t.test('without a stamp the value is shared, and not stored', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  steered.before.claim = failing
  steered.before.stamp = failing
  steered.before.callStamp = failing
  const values = await Promise.all(
    [1, 2, 3].map(() => cache.remember('key', OPTIONS, () => 'value'))
  )
  t.strictSame(values, ['value', 'value', 'value'])
  t.notOk(steered.asked.includes('set'))
  await t.rejects(cache.set('key', 'value', OPTIONS), { code: 'WEIR_CACHE_STORE_FAILED', message: /store the value/ })
})

t.test(
  'a store that throws instead of checking validity: remember still returns a promise',
  async (t) => {
    const { store } = steeredStore()
    let broken = false
    const cache = createCache<string>({
      namespace: 'n',
      store: {
        ...store,
        namespace (name) {
          const namespace = store.namespace(name)
          return {
            ...namespace,
            validity: {
              ...namespace.validity,
              isValid (entry) {
                if (broken) throw new Error('closed')
                return namespace.validity.isValid(entry)
              }
            }
          }
        }
      }
    })
    await cache.set('key', 'value', OPTIONS)
    broken = true
    t.equal(cache.lookup('key'), undefined)
    t.equal(await cache.get('key'), undefined)
    t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
    t.ok(cache.stats().errors > 0)
  }
)

t.test('an invalidation does not resolve before the store has answered', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  const held = gate()
  steered.after.invalidate = () => held.opened
  let done = false
  const invalidation = cache.invalidate(['tag']).then(() => { done = true })
  await cache.get('key')
  t.notOk(done)
  held.open()
  await invalidation
  t.ok(done)
})
