import { emptySeries, mergeSeries, type MinuteRecord, type Outcome } from '@weir/metrics'
import { isAlive, type Presence } from '../collector/presence.js'
import { type Reading } from '../collector/collector.js'
import { countsOf, figuresOf, latencyOf } from '../figures.js'
import { difference } from '../history/difference.js'
import { MINUTE, minuteOf } from '../history/time.js'
import { entriesOf, type Outcomes } from '../outcomes.js'

type Counts = Partial<Record<Outcome, number>>
interface Latency { readonly p50: number | null, readonly p99: number | null }

/** What has happened since the tick before; nothing where nobody could be asked. */
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

/** Instances are told of for so long after they were heard of last, in ms. */
const REMEMBERED = 15 * MINUTE

/**
 * Makes ticks of readings. It needs no database: what it does not know of the minutes before, it
 * does not tell.
 */
export class Ticker {
  #known: ReadonlyMap<string, MinuteRecord> = new Map()
  #readAt: number | undefined
  #presences: readonly Presence[] = []

  /** @param reading what was read; undefined if nothing could be, or not yet */
  next (reading: Reading | undefined, now: number): Tick {
    if (reading === undefined) return this.#tick(now, [], 0)
    const { at, records, presences } = reading
    const first = minuteOf(at) - 1
    const newer = records.filter(
      (record) =>
        record.minute >= first && record.seq > (this.#known.get(keyOf(record))?.seq ?? -Infinity)
    )
    // The first reading is what others are compared with.
    const added =
      this.#readAt === undefined
        ? []
        : newer.map((record) => difference(record, this.#known.get(keyOf(record))))
    const known = [...this.#known.values(), ...newer].filter(({ minute }) => minute >= first)
    this.#known = new Map(known.map((record) => [keyOf(record), record]))
    // After a longer gap there is what happened in these minutes.
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
