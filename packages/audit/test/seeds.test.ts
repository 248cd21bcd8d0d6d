import { fastify } from 'fastify'
import t from 'tap'
import { audit, type AuditReport } from '../src/index.js'
import { buildApp, SEEDS, urlOf, USERS } from './seeded-app.js'

t.setTimeout(400_000)

const NAMES = Object.keys(SEEDS)
/** The fault that only an app with empty caches shows: each trial of its route builds one. */
const UNKEYED = 'path-only'

/** Checks with findings, by the path of the example. */
const found = ({ findings, routes }: AuditReport) => new Map(routes.map(({ route, url }) => [
  url,
  [...new Set(findings.filter((one) => one.route === route).map(({ check }) => check))].sort()
]))

/** The same by the seeds: one check for each route with a fault, none for its twin. */
const seeded = (halves: readonly ('bad' | 'good')[], names: readonly string[]) =>
  new Map(halves.flatMap((half) => names.map((name) => [
    urlOf(half, name),
    half === 'bad' ? [SEEDS[name]?.check] : []
  ])))

t.test('the audit finds each seeded fault in process, and nothing on the twins', async (t) => {
  const names = NAMES.filter((name) => name !== UNKEYED && SEEDS[name]?.only !== 'loopback')
  t.ok(new Set(names.map((name) => SEEDS[name]?.check)).size >= 20, 'at least 20 kinds')
  const halves = ['bad', 'good'] as const
  const report = await audit(buildApp, {
    users: USERS,
    routes: halves.flatMap((half) => names.map((name) => urlOf(half, name)))
  })
  t.strictSame(found(report), seeded(halves, names))
  const kinds = report.findings.map(({ check, route }) => `${check} ${route}`)
  t.strictSame([...new Set(kinds)], kinds, 'one finding for each kind and route')
  t.match(
    report.findings.find(({ route }) => route === 'GET /bad/wildcard/*')?.found,
    /; all inputs: The path with \/x\.css, The path with ;x\.css, /
  )
  for (const { evidence, remedy } of report.findings) {
    t.ok(evidence.length > 0 && evidence.every(({ curl }) => curl.startsWith('curl -i ')))
    t.not(remedy.weir, '')
  }
  t.comment(`${report.requests} requests in ${report.took} ms`)
})

t.test('a cache that ignores the query is found by new apps', async (t) => {
  const report = await audit(() => {
    const app = fastify()
    for (const half of ['bad', 'good'] as const) {
      SEEDS[UNKEYED]?.declare(app, urlOf(half, UNKEYED), half === 'bad')
    }
    return app
  })
  t.strictSame(found(report), new Map([
    ['/bad/path-only', ['unkeyed-query']],
    ['/good/path-only', []]
  ]))
  t.match(report.routes, [{ isolatedBy: 'a new app' }, { isolatedBy: /^query/ }])
})

t.test('the audit finds the same over a connection', async (t) => {
  const app = await buildApp()
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const names = NAMES.filter((name) => SEEDS[name]?.only !== 'inject')
  const report = await audit(url, {
    users: USERS,
    routes: [...names.map((name) => urlOf('bad', name)), urlOf('good', 'language')]
  })
  const expected = new Map([...seeded(['bad'], names), ...seeded(['good'], ['language'])])
  t.strictSame(found(report), expected)
  t.comment(`${report.requests} requests in ${report.took} ms`)
})
