import t, { type Test } from 'tap'
import { startVersions, type VersionsInstance } from './support/versions.js'

const STORES = ['sqlite', 'redis'] as const

async function three (
  t: Test,
  store: 'sqlite' | 'redis'
): Promise<[VersionsInstance, VersionsInstance, VersionsInstance]> {
  const {
    instances: [a, b, c]
  } = await startVersions(t, store, ['a', 'b', 'c'])
  if (a === undefined || b === undefined || c === undefined) throw new Error('three were started')
  return [a, b, c]
}

for (const store of STORES) {
  t.test(`${store}: a fill delayed across a write is not served by anyone else`, async (t) => {
    const [a, b, c] = await three(t, store)
    a.hold()
    const slow = a.get()
    await a.reads()
    t.same(await b.put(), { version: 2 })
    const after = c.get()
    a.go()
    t.match(
      await slow,
      { version: 1, cacheStatus: /fwd=uri-miss; detail=INVALIDATED/ },
      'its own request began before the write; nothing is stored'
    )

    t.match(await after, { version: 2, runs: 1 }, 'has waited for it, and does not take it')
    for (const instance of [a, b, c, a, b, c]) {
      t.match(await instance.get(), { version: 2, runs: 1, cacheStatus: /; hit; / })
    }
    t.same(
      await Promise.all([a, b, c].map((instance) => instance.runs())),
      [1, 0, 1],
      "c's answer is what everyone has"
    )
  })

  t.test(
    `${store}: a fill delayed across a write does not take the place of a later one`,
    async (t) => {
      const [a, b] = await three(t, store)
      a.hold()
      const slow = a.get()
      await a.reads()
      // While frozen, it loses its lease: other instances need not wait for it.
      a.pause()
      await b.put()
      t.match(await b.get(), { version: 2, cacheStatus: /stored/ })
      a.resume()
      a.go()
      await slow
      for (const instance of [b, a]) {
        t.match(await instance.get(), { version: 2, cacheStatus: /; hit; / })
      }
    }
  )
}
