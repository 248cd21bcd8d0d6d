import { join } from 'node:path'
import t from 'tap'
import { createCache } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'

t.test(
  'a value does not depend on data that another process invalidated before its stamp was taken',
  async (t) => {
    const file = join(t.testdir(), 'cache.db')
    const [here, there] = [sqliteStore({ file }), sqliteStore({ file })].map((store) => {
      t.teardown(() => store.close())
      return createCache<string>({ store, namespace: 'n' })
    })
    if (here === undefined || there === undefined) throw new Error('there are two')
    // The clock stands still, so that no lease ends by itself.
    const now = performance.now()
    const clock = { now }
    t.intercept(performance, 'now', { value: () => clock.now })
    let version = 1
    const inner = () => here.remember('inner', { ttl: '1h', tags: ['tag'] }, () => `v${version}`)
    const outer = () =>
      here.remember('outer', { ttl: '1h', tags: ['tag'] }, async () => `(${await inner()})`)
    t.equal(await inner(), 'v1')
    t.equal(await inner(), 'v1', 'the lease has begun')
    version = 2
    await there.invalidate(['tag'], { consistency: 'bounded' })
    await outer()
    clock.now += 5
    t.equal(await outer(), '(v2)')
  }
)
