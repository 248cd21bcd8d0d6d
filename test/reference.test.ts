import { readdir, readFile } from 'node:fs/promises'
import { createEdge } from '@weir/edge'
import edge from '@weir/fastify/edge'
import observability from '@weir/fastify/observability'
import redis from '@weir/fastify/redis'
import { memoryStore } from '@weir/metrics'
import { fastify } from 'fastify'
import t from 'tap'
import { ROOT } from './support/compiled-example.js'

const read = (path: string) => readFile(ROOT + path, 'utf8')

/** The sources below a folder, without tests and compiled files. */
async function sources (folder: string): Promise<string[]> {
  const names = await readdir(ROOT + folder, { recursive: true })
  const own = names.filter(
    (name) => name.endsWith('.ts') && !/(?:^|\/)(?:dist|test|node_modules)\//.test(name)
  )
  return Promise.all(own.map((name) => read(`${folder}/${name}`)))
}

const packages = (await readdir(`${ROOT}packages`)).map((name) => `packages/${name}/src`)
const code = (
  await Promise.all([...packages, 'plugins'].map((folder) => sources(folder).catch(() => [])))
).flat()

t.test(
  'each error code is in docs/reference/errors.md, and each code there is in the sources',
  async (t) => {
    const page = await read('docs/reference/errors.md')
    const raised = new Set(
      code.flatMap((source) => source.match(/\bWEIR_[A-Z]+(?:_[A-Z]+)+\b/g) ?? [])
    )
    const told = new Set(page.match(/\bWEIR_[A-Z]+(?:_[A-Z]+)+\b/g) ?? [])
    t.ok(raised.size > 90, String(raised.size))
    t.strictSame([...raised].filter((name) => !told.has(name)).sort(), [])
    t.strictSame([...told].filter((name) => !raised.has(name)).sort(), [])
  }
)

t.test(
  'each event is in docs/reference/events.md, and each event there is in the sources',
  async (t) => {
    const names = (text: string) =>
      new Set(
        text.match(/(?<![\w:])weir:(?:cache|edge|outbox|query|limiter|metrics):[a-z]+(?![\w:])/g) ?? []
      )
    const events = await Promise.all(
      ['cache', 'edge', 'outbox', 'query', 'limiter'].map((name) => read(`packages/${name}/src/events.ts`))
    )
    t.strictSame(
      [...names(await read('docs/reference/events.md'))].sort(),
      [...names(events.join('\n'))].sort()
    )
  }
)

t.test(
  'each metric is in docs/reference/metrics.md, and each metric there is exported by an instance',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(redis, { url: 'redis://127.0.0.1:1' })
    await app.register(observability, {
      store: memoryStore(),
      service: 'demo',
      instance: 'demo-1'
    })
    await app.register(edge, { edge: createEdge({ destinations: [] }) })
    const { body } = await app.inject('/metrics')
    const page = await read('docs/reference/metrics.md')
    const told = [...new Set(page.match(/(?<=^\| `)weir_\w+/gm) ?? [])].sort()
    t.strictSame(told, (body.match(/(?<=# TYPE )weir_\w+/g) ?? []).sort())
  }
)

t.test(
  'each variable of .env.example is in docs/reference/environment.md, and each there is in it',
  async (t) => {
    const page = await read('docs/reference/environment.md')
    const told = (page.match(/^\| (?:`[A-Z_]+`(?:, )?)+/gm) ?? []).flatMap(
      (cell) => cell.match(/[A-Z_]{3,}/g) ?? []
    )
    const example = await read('.env.example')
    t.strictSame(
      [...new Set(told)].sort(),
      [
        ...new Set(
          (example.match(/^#?[A-Z][A-Z_]+(?==)/gm) ?? []).map((name) => name.replace('#', ''))
        )
      ].sort()
    )
  }
)

t.test('each alert has a section in the runbook, and leads to it', async (t) => {
  const runbook = await read('docs/operations/runbook.md')
  const alerts = await read('infra/monitoring/alerts.yml')
  const names = alerts.match(/(?<=- alert: )\w+/g) ?? []
  t.ok(names.length > 10, String(names.length))
  t.strictSame(runbook.match(/(?<=^## )Weir\w+/gm), names, 'in the same order')
  const links = alerts.match(/(?<=runbook_url: \S+docs\/operations\/runbook\.md#)\w+/g) ?? []
  t.strictSame(links, names.map((name) => name.toLowerCase()))
})
