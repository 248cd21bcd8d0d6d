import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createEdge } from '@weir/edge'
import edge from '@weir/fastify/edge'
import observability from '@weir/fastify/observability'
import redis from '@weir/fastify/redis'
import { memoryStore } from '@weir/metrics'
import { fastify } from 'fastify'
import t from 'tap'

const FOLDER = fileURLToPath(new URL('../../monitoring/', import.meta.url))
const promtool = (...args: string[]) => promisify(execFile)('promtool', args, { cwd: FOLDER })

t.test(
  'Prometheus accepts the configuration, and each alert fires when it should and not before',
  async (t) => {
    const { stdout } = await promtool('check', 'config', 'prometheus.yml')
    t.match(stdout, /SUCCESS: prometheus\.yml is valid/)
    t.match(stdout, /SUCCESS: \d+ rules found/)
    t.match((await promtool('test', 'rules', 'alerts.test.yml')).stdout, 'SUCCESS')
  }
)

t.test('alerts and the dashboard use metrics that instances export', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  // No Redis listens on port 1: the instance reports its metrics anyway.
  await app.register(redis, { url: 'redis://127.0.0.1:1' })
  await app.register(observability, { store: memoryStore(), service: 'demo', instance: 'demo-1' })
  await app.register(edge, { edge: createEdge({ destinations: [] }) })
  const told = new Set((await app.inject('/metrics')).body.match(/(?<=# TYPE )\w+/g))
  const texts = await Promise.all(
    ['alerts.yml', 'grafana/dashboards/weir.json'].map((file) =>
      readFile(`${FOLDER}${file}`, 'utf8')
    )
  )
  const asked = new Set(
    texts
      .flatMap((text) => text.match(/\bweir_\w+/g) ?? [])
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''))
  )
  t.ok(asked.size > 5)
  const ofEdges = [...told].filter((name) => name.startsWith('weir_edge_'))
  t.ok(ofEdges.length >= 5)
  t.same(ofEdges.filter((name) => texts[1]?.includes(name) !== true), [], 'the dashboard has edges')
  t.same([...asked].filter((name) => !told.has(name)), [])
})

t.test('alerts and the dashboard are for any service and any data source', async (t) => {
  const read = (file: string) => readFile(`${FOLDER}${file}`, 'utf8')
  const queries = (await read('alerts.yml')).replaceAll(/^ *#.*$/gm, '')
  for (const name of ['catalog', 'weather', 'storefront', 'stats']) {
    t.notMatch(queries, new RegExp(`service=~?"[^"]*${name}`), name)
  }
  const dashboard = await read('grafana/dashboards/weir.json')
  const used = new Set(dashboard.match(/(?<="uid": ")[^"]+/g))
  t.strictSame([...used].map((uid) => uid.replace('$', '')).sort(), ['weir', '{datasource}'])
})
