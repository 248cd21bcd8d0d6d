import { join } from 'node:path'
import t from 'tap'
import { sqliteStore } from '@weir/metrics/sqlite'
import { build, startBerlin } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

t.test(
  'requests are counted by the origin of their weather, and by the fetching instance',
  async (t) => {
    const DATA_DIR = await tempDir(t)
    const upstream = await startBerlin(t)
    const instances = [
      await build(t, upstream, { DATA_DIR }),
      await build(t, upstream, { DATA_DIR, INSTANCE: 'v' })
    ] as const
    const url = '/api/weather/current?latitude=52.5&longitude=13.4'
    for (const app of [instances[0], instances[0], instances[1], instances[1]]) {
      t.equal((await app.inject(url)).statusCode, 200)
    }
    await Promise.all(instances.map((app) => app.close()))

    const store = sqliteStore({ file: join(DATA_DIR, 'metrics.db') })
    t.teardown(() => store.close())
    const records = await store.read(0)
    const of = (name: string) => records.find(({ instance }) => instance === name)
    t.match(of('w'), {
      service: 'weather',
      routes: [
        {
          route: 'GET /api/weather/current',
          outcomes: { miss: { count: 1 }, l1: { count: 1, shared: 0 } }
        }
      ]
    })
    t.match(of('v'), {
      filledBy: { w: 2 },
      routes: [{ outcomes: { l2: { count: 1, shared: 1 }, l1: { count: 1, shared: 1 } } }]
    })
    t.ok((of('v')?.routes[0]?.outcomes.l1?.savedMicros ?? 0) > 0)
    const state = (await store.instances()).find(({ instance }) => instance === 'w')
    t.match(state?.l1, { entries: 1, evictions: 0 }, 'documents are counted, too')
  }
)
