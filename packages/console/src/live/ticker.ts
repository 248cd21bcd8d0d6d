import { emptySeries, mergeSeries, type MinuteRecord, type Outcome } from '@weir/metrics'
import { isAlive, type Presence } from '../collector/presence.js'
import { type Reading } from '../collector/collector.js'
import { countsOf, figuresOf, latencyOf } from '../figures.js'
import { difference } from '../history/difference.js'
import { MINUTE, minuteOf } from '../history/time.js'
import { entriesOf, type Outcomes } from '../outcomes.js'

type Counts = Partial<Record<Outcome, number>>
interface Latency { readonly p50: number | null, readonly p99: number | null }

/** The activity since the previous tick; empty if the store could not be read. */
export interface Tick {
  readonly at: number
  readonly requests: number
  readonly outcomes: Counts
  readonly requestsPerSecond: number
  readonly hitRatio: number | null
  readonly shared: number
  readonly savedMs: number
  readonly latency: Readonly<{ all: Latency, hit: Latency } & Partial<Record<Outcome, Latency>>>
  readonly limited: number
  readonly instances: readonly {
    readonly instance: string
    readonly service: string
    readonly alive: boolean
    readonly requests: number
    readonly outcomes: Counts
  }[]
}

/** Time after its last report for which an instance is included, in ms. */
const REMEMBERED = 15 * MINUTE

/**
 * Computes ticks from readings, without a database: activity in minutes before the first reading is
 * left out.
 */
export class Ticker {
  #known: ReadonlyMap<string, MinuteRecord> = new Map()
  #readAt: number | undefined
  #presences: readonly Presence[] = []

  /** @param reading the latest reading; undefined if the store could not be read yet or now */
  next (reading: Reading | undefined, now: number): Tick {
    if (reading === undefined) return this.#tick(now, [], 0)
    const { at, records, presences } = reading
    const first = minuteOf(at) - 1
    const newer = records.filter(
      (record) =>
        record.minute >= first && record.seq > (this.#known.get(keyOf(record))?.seq ?? -Infinity)
    )
    // The first reading is the baseline for later ones.
    const added =
      this.#readAt === undefined
        ? []
        : newer.map((record) => difference(record, this.#known.get(keyOf(record))))
    const known = [...this.#known.values(), ...newer].filter(({ minute }) => minute >= first)
    this.#known = new Map(known.map((record) => [keyOf(record), record]))
    // A longer gap is measured only over the minutes that the records cover.
    const ms = Math.min(at - (this.#readAt ?? at), at - first * MINUTE)
    this.#readAt = at
    this.#presences = presences
    return this.#tick(at, added, ms)
  }

  #tick (at: number, added: readonly MinuteRecord[], ms: number): Tick {
    const all = sumOf(added)
    const { requests, hitRatio, shared, savedMs, limited, latency, hitLatency } = figuresOf(all)
    return {
      at,
      requests,
      outcomes: countsOf(all),
      requestsPerSecond: ms > 0 ? (requests * 1000) / ms : 0,
      hitRatio,
      shared,
      savedMs,
      latency: {
        all: latency,
        hit: hitLatency,
        ...Object.fromEntries(
          entriesOf(all).map(([outcome, series]) => [outcome, latencyOf(series)])
        )
      },
      limited,
      instances: this.#presences
        .filter(({ lastSeenAt }) => at - lastSeenAt < REMEMBERED)
        .map((presence) => {
          const { service, instance } = presence.state
          const outcomes = sumOf(
            added.filter((record) => record.service === service && record.instance === instance)
          )
          const { requests } = figuresOf(outcomes)
          return {
            instance,
            service,
            alive: isAlive(presence, this.#readAt ?? at),
            requests,
            outcomes: countsOf(outcomes)
          }
        })
    }
  }
}

const keyOf = ({ minute, run }: MinuteRecord) => `${minute} ${run}`

function sumOf (records: readonly MinuteRecord[]): Outcomes {
  const sum: Partial<Record<Outcome, ReturnType<typeof emptySeries>>> = {}
  for (const { outcomes } of records.flatMap(({ routes }) => routes)) {
    for (const [outcome, series] of entriesOf(outcomes)) {
      sum[outcome] = mergeSeries(sum[outcome] ?? emptySeries(), series)
    }
  }
  return sum
}
