import { adviseFleet, type RouteAdvice, type Verdict } from '@weir/metrics'
import { redisStore } from '@weir/metrics/redis'
import { type Io } from './command.js'
import { define, Failure, printJson, REDIS } from './define.js'
import { withRedis } from './redis.js'
import { age, bytes, printable, table } from './table.js'

/** `weir advise`: recommends caching for routes without it. */
export const advise = define({
  name: 'advise',
  summary: 'Recommend ttl, vary and tags for routes without caching',
  usage: `[options]

  --route R     only routes with this text, such as /products/:id, with all reasons
  --redis URL   the Redis that instances report to; default REDIS_URL
  --prefix P    of the store; default weir
  --json        for scripts

Instances report with @weir/fastify/observability and @weir/fastify/shadow.
Exit status: 0 advice is printed, 1 there is none, 2 wrong arguments.`,
  options: { ...REDIS, route: { type: 'string' } },
  async run (given, io) {
    const prefix = given.text('prefix')
    const route = given.text('route')
    return withRedis(given, io, async (location) => {
      const store = redisStore({ ...location, ...(prefix !== undefined && { prefix }) })
      try {
        const { routes, cached } = adviseFleet(await store.instances())
        const shown = routes.filter((one) => route === undefined || one.route.includes(route))
        if (shown.length === 0) throw nothing(route, cached.map((one) => one.route))
        if (given.flag('json')) printJson(io, { routes: shown, cached })
        else if (route === undefined) io.stdout.write(listOf(shown, cached.length, io))
        else io.stdout.write(shown.map(detailsOf).join('\n'))
        return 0
      } finally {
        await store.close()
      }
    })
  }
})

function nothing (route: string | undefined, cached: readonly string[]): Failure {
  const found = cached.find((one) => route !== undefined && one.includes(route))
  if (found !== undefined) return new Failure(`${found} is cached already`, 'WEIR_CLI_CACHED')
  return new Failure(
    route === undefined
      ? cached.length > 0
        ? 'No route without caching was requested yet, as far as instances report: ' +
          `${cached.length} routes are cached. Services without @weir/fastify/shadow report none`
        : 'No instance has observed requests: register @weir/fastify/shadow'
      : `No instance has observed requests of a route with ${route}`,
    'WEIR_CLI_NO_ADVICE'
  )
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  cache: 'cache',
  'do-not-share': 'do not share',
  'no-gain': 'no gain',
  'more-data': 'more data'
}

const counted = (pairs: number) => `${pairs} ${pairs === 1 ? 'pair' : 'pairs'} compared`

const percent = (share: number) => `${(share * 100).toFixed(1)}%`

function listOf (routes: readonly RouteAdvice[], cached: number, { columns }: Io): string {
  const rows = routes.map(({ service, route, verdict, expected, reasons }) => [
    expected === null ? '-' : `${age(expected.savedMsPerHour)}/h`,
    expected === null ? '-' : percent(expected.hitRatio),
    expected?.ttl ?? '-',
    VERDICTS[verdict],
    printable(`${service} ${route}`),
    reasons[0]?.code ?? ''
  ])
  const skipped = cached === 0 ? '' : `\n${cached} routes are cached already.\n`
  return table(
    ['SAVES', 'HIT RATIO', 'TTL', 'VERDICT', 'ROUTE', 'REASON'], rows, [0, 1, 2], columns
  ) + `${skipped}\nReasons and code: weir advise --route ROUTE\n`
}

function detailsOf (advice: RouteAdvice): string {
  const { service, route, verdict, reasons, code, candidates, instances, requests } = advice
  return [
    printable(`${service} ${route}: ${VERDICTS[verdict]}`),
    `${requests} requests of ${instances} processes (${advice.observed} observed, ` +
    `${counted(advice.compared)}), ` +
    `${Math.round(advice.keys)} URLs, ` +
    `${advice.handlerMs.toFixed(1)} ms and ${bytes(Math.round(advice.bodyBytes))} each`,
    '',
    ...reasons.map(({ code, text }) => printable(`  ${code}  ${text}`)),
    ...(code === null ? [] : ['', ...code.split('\n').map((line) => printable(`  ${line}`))]),
    '',
    table(
      ['TTL', 'HIT RATIO', 'STALE', 'SAVES', 'MEMORY'],
      candidates.filter(({ isObserved }) => isObserved).map((one) => [
        one.ttl,
        percent(one.hitRatio),
        one.staleShare === null ? '-' : percent(one.staleShare),
        `${age(one.savedMsPerHour)}/h`,
        bytes(Math.round(one.memoryBytes))
      ]),
      [1, 2, 3, 4]
    )
  ].join('\n')
}
