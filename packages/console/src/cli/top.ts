import {
  emptySeries,
  mergeSeries,
  type MetricsStore,
  type MinuteRecord,
  quantileMs,
  type Series,
  subtractSeries
} from '@weir/metrics'
import { redisStore } from '@weir/metrics/redis'
import { setTimeout } from 'node:timers/promises'
import { type Io, UsageError } from './command.js'
import { define, printJson, REDIS, wholeNumber } from './define.js'
import { withRedis } from './redis.js'
import { printable, table } from './table.js'

const MINUTE = 60_000
const BY = ['service', 'instance', 'route'] as const
type By = typeof BY[number]

/** `weir top`: shows live requests, hit ratio and latency. */
export const top = define({
  name: 'top',
  summary: 'Requests/s, hit ratio and latency by service, instance and route',
  usage: `[options]

  --by WHAT     service, instance or route; default route
  --interval S  seconds between refreshes on a terminal; default 2
  --redis URL   the Redis that instances report to; default REDIS_URL
  --prefix P    of the store; default weir
  --json        print the last one to two minutes once, for scripts; so without a terminal`,
  options: { ...REDIS, by: { type: 'string' }, interval: { type: 'string' } },
  async run (given, io) {
    const by = byOf(given.text('by') ?? 'route')
    const interval = Math.max(1, wholeNumber(given, 'interval', 2)) * 1000
    const prefix = given.text('prefix')
    return withRedis(given, io, async (location) => {
      const store = redisStore({ ...location, ...(prefix !== undefined && { prefix }) })
      try {
        return await show(store, io, { by, interval, isJson: given.flag('json') })
      } finally {
        await store.close()
      }
    })
  }
})

async function show (
  store: MetricsStore,
  io: Io,
  { by, interval, isJson }: { readonly by: By, readonly interval: number, readonly isJson: boolean }
): Promise<number> {
  const { stdout, signal, isTTY } = io
  let before = await read(store)
  const first = rowsOf(new Map(), before, by, before.seconds)
  if (isJson || !isTTY) {
    if (isJson) printJson(io, { seconds: Math.round(before.seconds), by, rows: first })
    else stdout.write(textOf(first, by, io))
    return 0
  }
  stdout.write(screen(first, by, before.seconds, io))
  while (!signal.aborted) {
    await setTimeout(interval, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    const after = await read(store)
    const seconds = (after.at - before.at) / 1000
    stdout.write(screen(rowsOf(before.counts, after, by, seconds), by, seconds, io))
    before = after
  }
  return 0
}

function byOf (text: string): By {
  const by = BY.find((name) => name === text)
  if (by === undefined) throw new UsageError(`--by ${text} is none of ${BY.join(', ')}`)
  return by
}

/** The requests to a route in one minute of one process, and how many were hits. */
interface Counts {
  readonly names: Readonly<Record<By, string>>
  readonly all: Series
  readonly hits: number
  readonly cacheable: number
}
interface Read {
  readonly at: number
  /** The time that the counts cover: this minute and the previous one. */
  readonly seconds: number
  readonly counts: ReadonlyMap<string, Counts>
}

async function read (store: MetricsStore): Promise<Read> {
  const at = Date.now()
  const since = Math.floor(at / MINUTE) - 1
  const counts = new Map<string, Counts>()
  for (const record of await store.read(since)) {
    for (const [key, count] of countsOf(record)) counts.set(key, count)
  }
  return { at, seconds: (at - since * MINUTE) / 1000, counts }
}

function * countsOf (record: MinuteRecord): Generator<[string, Counts]> {
  const { service, instance, run, minute } = record
  for (const { route, outcomes } of record.routes) {
    const { refill: _, ...own } = outcomes
    const of = (...names: (keyof typeof own)[]) =>
      names.reduce((sum, name) => sum + (own[name]?.count ?? 0), 0)
    const hits = of('l1', 'l2', 'coalesced', 'stale')
    yield [JSON.stringify([run, minute, route]), {
      names: { service, instance, route: `${service} ${route}` },
      all: Object.values(own).reduce(mergeSeries, emptySeries()),
      hits,
      cacheable: hits + of('miss')
    }]
  }
}

/** One line of the table. Times are in ms; null if there is no data. */
export interface Row {
  readonly name: string
  readonly requestsPerSecond: number
  readonly hitRatio: number | null
  readonly p50: number | null
  readonly p99: number | null
}

function rowsOf (
  before: ReadonlyMap<string, Counts>,
  { counts }: Pick<Read, 'counts'>,
  by: By,
  seconds: number
): Row[] {
  const sums = new Map<string, { all: Series; hits: number; cacheable: number }>()
  for (const [key, { names, all, hits, cacheable }] of counts) {
    const earlier = before.get(key)
    const name = names[by]
    const sum = sums.get(name) ?? { all: emptySeries(), hits: 0, cacheable: 0 }
    const added = earlier === undefined ? all : subtractSeries(all, earlier.all)
    sums.set(name, {
      all: mergeSeries(sum.all, added),
      hits: sum.hits + hits - (earlier?.hits ?? 0),
      cacheable: sum.cacheable + cacheable - (earlier?.cacheable ?? 0)
    })
  }
  return [...sums]
    .map(([name, { all, hits, cacheable }]) => ({
      name,
      requestsPerSecond: Math.round((all.count / seconds) * 10) / 10,
      hitRatio: cacheable === 0 ? null : hits / cacheable,
      p50: quantileMs(all.latency, 0.5) ?? null,
      p99: quantileMs(all.latency, 0.99) ?? null
    }))
    .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond || (a.name < b.name ? -1 : 1))
}

const CLEAR = '\u001b[H\u001b[2J'
const MOST_ROWS = 40

const screen = (rows: readonly Row[], by: By, seconds: number, io: Io) =>
  `${CLEAR}weir top, the last ${Math.round(seconds)} s. Ctrl+C ends it.\n\n${textOf(rows.slice(0, MOST_ROWS), by, io)}`

function textOf (rows: readonly Row[], by: By, { columns }: Io): string {
  if (rows.length === 0) return 'No instance has reported requests in the last minutes.\n'
  const ms = (value: number | null) => value === null ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`
  return table(
    ['REQUESTS/S', 'HIT RATIO', 'P50', 'P99', by.toUpperCase()],
    rows.map(({ name, requestsPerSecond, hitRatio, p50, p99 }) => [
      requestsPerSecond.toFixed(1),
      hitRatio === null ? '-' : `${(hitRatio * 100).toFixed(1)}%`,
      ms(p50),
      ms(p99),
      printable(name)
    ]),
    [0, 1, 2, 3],
    columns
  )
}
