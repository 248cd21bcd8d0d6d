import { type CacheCounts, mergeSeries, type MinuteRecord, type Series } from '@weir/metrics'
import {
  type CacheCountTable,
  type DenialTable,
  type FillTable,
  type InstanceCountTable,
  type Period,
  type ReasonTable,
  type RouteCountTable,
  type SeriesColumns
} from '../db/schema.js'
import { entriesOf } from '../outcomes.js'
import { hourOf } from './time.js'

interface Tally { readonly count: number }
type CacheReads = Omit<CacheCounts, 'cache'>

/** The columns that identify a row: all except the counts. */
type Owner<Row> = Omit<Row, keyof SeriesColumns>

/** The counts that records add, as rows of their tables. Series are not serialized yet. */
export interface Rows {
  readonly routeCounts: readonly (Owner<RouteCountTable> & Series)[]
  readonly instanceCounts: readonly (Owner<InstanceCountTable> & Series)[]
  readonly reasons: readonly ReasonTable[]
  readonly fills: readonly FillTable[]
  readonly denials: readonly DenialTable[]
  readonly cacheCounts: readonly CacheCountTable[]
}

/**
 * Converts records into rows for their minutes and hours. Each row appears once, with the sum of
 * its counts.
 */
export function rowsOf (records: readonly MinuteRecord[]): Rows {
  const routeCounts = new Sums<Owner<RouteCountTable>, Series>(mergeSeries)
  const instanceCounts = new Sums<Owner<InstanceCountTable>, Series>(mergeSeries)
  const reasons = new Sums<Owner<ReasonTable>, Tally>(mergeTallies)
  const fills = new Sums<Owner<FillTable>, Tally>(mergeTallies)
  const denials = new Sums<Owner<DenialTable>, Tally>(mergeTallies)
  const cacheCounts = new Sums<Omit<CacheCountTable, keyof CacheReads>, CacheReads>(mergeReads)

  for (const {
    service,
    instance,
    minute,
    routes,
    filledBy: fillers,
    denials: denied,
    caches = []
  } of records) {
    const periods: Period[] = [
      { step: 'minute', at: minute },
      { step: 'hour', at: hourOf(minute) }
    ]
    for (const period of periods) {
      for (const { route, outcomes, reasons: told } of routes) {
        for (const [outcome, series] of entriesOf(outcomes)) {
          routeCounts.add({ ...period, service, route, outcome }, series)
          instanceCounts.add({ ...period, service, instance, outcome }, series)
        }
        for (const [reason, count] of Object.entries(told)) {
          reasons.add({ ...period, service, route, reason }, { count })
        }
      }
      for (const [filledBy, count] of Object.entries(fillers)) {
        fills.add({ ...period, service, instance, filledBy }, { count })
      }
      for (const { route, policy, client, count } of denied) {
        denials.add({ ...period, service, route, policy, client }, { count })
      }
      for (const { cache, ...reads } of caches) {
        cacheCounts.add({ ...period, service, cache }, reads)
      }
    }
  }
  return {
    routeCounts: routeCounts.rows(),
    instanceCounts: instanceCounts.rows(),
    reasons: reasons.rows(),
    fills: fills.rows(),
    denials: denials.rows(),
    cacheCounts: cacheCounts.rows()
  }
}

/** Sums of counts, by owner. */
class Sums<Who extends object, Numbers extends object> {
  readonly #merge: (a: Numbers, b: Numbers) => Numbers
  readonly #sums = new Map<string, { who: Who, numbers: Numbers }>()

  constructor (merge: (a: Numbers, b: Numbers) => Numbers) {
    this.#merge = merge
  }

  add (who: Who, numbers: Numbers): void {
    const key = JSON.stringify(Object.values(who))
    const sum = this.#sums.get(key)
    if (sum === undefined) this.#sums.set(key, { who, numbers })
    else sum.numbers = this.#merge(sum.numbers, numbers)
  }

  rows (): (Who & Numbers)[] {
    return Array.from(this.#sums.values(), ({ who, numbers }) => ({ ...who, ...numbers }))
  }
}

const mergeReads = (a: CacheReads, b: CacheReads): CacheReads => ({
  l1: a.l1 + b.l1,
  l2: a.l2 + b.l2,
  coalesced: a.coalesced + b.coalesced,
  stale: a.stale + b.stale,
  misses: a.misses + b.misses,
  savedMicros: a.savedMicros + b.savedMicros
})

const mergeTallies = (a: Tally, b: Tally): Tally => ({ count: a.count + b.count })
