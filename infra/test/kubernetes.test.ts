import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildApp as catalog } from '@weir/catalog'
import { catalogEnv } from '@weir/catalog/env'
import { loadEnv } from '@weir/fastify/service'
import { memoryStore, OUTCOMES } from '@weir/metrics'
import observability from '@weir/fastify/observability'
import { buildApp as stats } from '@weir/stats'
import { statsEnv } from '@weir/stats/env'
import { buildApp as storefront } from '@weir/storefront'
import { storefrontEnv } from '@weir/storefront/env'
import { buildApp as weather } from '@weir/weather'
import { weatherEnv } from '@weir/weather/env'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { findProgram } from '../tools/find-program.js'
import { FAULTS, LEAKS } from './kubernetes/faults.js'
import { edges } from './kubernetes/edges.js'
import { build, type Manifest, nameOf, ofKind, read, workloadsOf } from './kubernetes/manifests.js'
import { type Facts, problemsOf } from './kubernetes/rules.js'
import { schemaProblems } from './kubernetes/schema.js'

const FOLDER = fileURLToPath(new URL('../../kubernetes/', import.meta.url))
const PATH = process.env['PATH'] ?? ''
const NGINX = findProgram('nginx', PATH)
const OVERLAYS = ['local', 'production'] as const

// Not tap's own folder, which belongs to one test.
const folder = await mkdtemp(join(tmpdir(), 'weir-kubernetes-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

const adapter = await readFile(join(FOLDER, 'adapter.yaml'), 'utf8')
const facts: Facts = {
  variables: {
    catalog: Object.keys(catalogEnv.properties),
    storefront: Object.keys(storefrontEnv.properties),
    weather: Object.keys(weatherEnv.properties),
    stats: Object.keys(statsEnv.properties)
  },
  secrets: ['weir', 'weir-databases', 'weir-edge'],
  metrics: [
    ...adapter.matchAll(/name: { as: (\w+) }/g), ...adapter.matchAll(/seriesQuery: (\w+)/g)
  ].map(([, name = '']) => name)
}

/** Connections that every overlay admits. */
const SERVICES = ['catalog:4101', 'stats:4301', 'storefront:4401', 'weather:4201']
const names = SERVICES.map((service) => service.replace(/:.*/, ''))
const common = [
  ...SERVICES.flatMap((service) => [`nginx -> ${service}`, `monitoring -> ${service}`]),
  ...['dns', 'monitoring', 'outside', 'storefront', 'stranger'].map((from) => `${from} -> nginx:8080`),
  ...[...names, 'nginx'].flatMap((from) => [`${from} -> dns:53`, `${from} -> dns:53/udp`]),
  ...names.map((from) => `${from} -> monitoring:4318`),
  // Managed services are outside.
  ...names.flatMap((from) => [`${from} -> outside:5432`, `${from} -> outside:6379`]),
  'weather -> outside:443',
  'catalog -> outside:6081'
]
const ADMITTED = {
  production: common,
  local: [...common, ...names.flatMap((from) => [`${from} -> postgres:5432`, `${from} -> redis:6379`])]
}

const built = findProgram('kubectl', PATH) === undefined
  ? undefined
  : {
      local: await build('local', join(folder, 'local')),
      production: await build('production', join(folder, 'production'))
    }

if (built === undefined) {
  t.test('infra/kubernetes', { skip: 'kubectl is not installed' }, async () => {})
} else {
  t.test('objects have the fields and types of the API', async (t) => {
    for (const overlay of OVERLAYS) t.ok(read(built[overlay]).length > 20, overlay)
    const changed = (from: string, to: string) => read(replaced(built.production, from, to))
    const [local, production, unknown, number, required] = schemaProblems([
      read(built.local),
      read(built.production),
      changed('      terminationGracePeriodSeconds:', '      gracePeriodSeconds:'),
      changed('minReplicas: 3', 'minReplicas: three'),
      changed('- containerPort: 4101', '- hostPort: 4101')
    ])
    t.strictSame({ local, production }, { local: [], production: [] })
    t.match(unknown, [/^Deployment \w+: .*'"gracePeriodSeconds"' does not exist/])
    t.match(number, [/^HorizontalPodAutoscaler \w+: Type 'string' is not assignable to type 'number'/])
    t.match(required, [/^Deployment catalog: .*'containerPort' is missing/])
  })

  t.test('objects fit together', async (t) => {
    for (const overlay of OVERLAYS) {
      const objects = read(built[overlay])
      t.strictSame(problemsOf(objects, facts), [], overlay)
      t.strictSame(edges(objects).sort(), [...ADMITTED[overlay]].sort(), `${overlay}: connections`)
    }
  })

  t.test('each kind of fault is found', async (t) => {
    for (const [from, to, problem] of FAULTS) {
      const found = problemsOf(read(replaced(built.production, from, to)), facts)
      t.ok(found.some((text) => text.includes(problem)), `${from.trim()}: ${problem}`, { found })
    }
    for (const [from, to, edge] of LEAKS) {
      const found = edges(read(replaced(built.local, from, to)))
      t.not(
        found.includes(edge), ADMITTED.local.includes(edge), `${from.trim()}: ${edge}`, { found }
      )
    }
  })

  t.test('probes ask paths that the services answer', async (t) => {
    const apps = await services(t)
    const asked = workloadsOf(read(built.production)).flatMap(({ name, spec }) =>
      spec.containers.flatMap(({ startupProbe, livenessProbe, readinessProbe }) =>
        [startupProbe, livenessProbe, readinessProbe].flatMap((probe) =>
          probe?.httpGet?.path === undefined ? [] : [{ name, path: probe.httpGet.path }])))
    t.ok(asked.length >= 12)
    for (const { name, path } of asked) {
      const app = apps.get(name)
      if (app !== undefined) t.equal((await app.inject(path)).statusCode, 200, `${name} ${path}`)
    }
    t.equal((await apps.get('catalog')?.inject('/health/none'))?.statusCode, 404)
  })

  t.test('nginx accepts its ConfigMaps', { skip: NGINX === undefined && 'nginx is not installed' }, async (t) => {
    t.match(await nginxTest('whole', read(built.production)), /syntax is ok[^]*is successful/)
    const broken = replaced(built.production, 'max_fails=0;', 'max_fail=0;')
    t.match(await nginxTest('broken', read(broken)), /invalid parameter "max_fail=0"/)
  })
}

t.test('the adapter reads metrics that instances export', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(observability, { store: memoryStore(), service: 'demo', instance: 'demo-1' })
  const exported = (await app.inject('/metrics')).body
  const series = [...adapter.matchAll(/seriesQuery: (\w+)/g)].map(([, name]) => name)
  t.equal(series.length, 2)
  for (const name of series) t.match(exported, `# TYPE ${name} `)
  const outcomes: readonly string[] = OUTCOMES
  const computed = /outcome=~"([^"]+)"/.exec(adapter)?.[1]?.split('|') ?? []
  t.ok(computed.length > 0)
  t.strictSame(computed.filter((outcome) => !outcomes.includes(outcome)), [])
})

function replaced (text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the manifests contain nothing like ${from}`)
  return text.replace(from, () => to)
}

/** The services, as the image runs them but with SQLite and without Redis. */
async function services (t: Test): Promise<Map<string, FastifyInstance>> {
  const env = (name: string) => ({
    DATA_DIR: join(folder, name), LOG_LEVEL: 'silent', MAX_EVENT_LOOP_DELAY: '0'
  })
  const all: [string, FastifyInstance][] = [
    ['catalog', await catalog(loadEnv(catalogEnv, env('catalog')))],
    ['weather', await weather(loadEnv(weatherEnv, env('weather')))],
    ['storefront', await storefront(loadEnv(storefrontEnv, env('storefront')))],
    ['stats', await stats(loadEnv(statsEnv, env('stats')))]
  ]
  t.teardown(() => Promise.all(all.map(([, app]) => app.close())))
  return new Map(all)
}

/** Output of `nginx -t` for the ConfigMaps as files. Names of Services become 127.0.0.1. */
async function nginxTest (name: string, objects: readonly Manifest[]): Promise<string> {
  const prefix = join(folder, name)
  await mkdir(prefix)
  for (const map of ofKind(objects, 'ConfigMap')) {
    if (!nameOf(map).startsWith('nginx')) continue
    for (const [file, text] of Object.entries(map.data ?? {})) {
      await writeFile(join(prefix, file), text
        .replace(/server (?:catalog|weather|storefront|stats):/g, 'server 127.0.0.1:')
        .replace(/listen (\d+);/g, `listen unix:${prefix}/$1;`)
        .replace('/tmp/nginx.pid', `${prefix}/nginx.pid`))
    }
  }
  const args = ['-t', '-e', 'stderr', '-p', prefix, '-c', join(prefix, 'nginx.conf')]
  return spawnSync(NGINX ?? 'nginx', args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' }).stderr
}
