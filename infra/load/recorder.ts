import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { type Judgement, OUTCOMES, type Outcome } from './outcome.js'
import { type Figures, type Latency, type Moment, ratio } from './result.js'

// Microseconds, to a tenth of a percent, up to 100 s. Any longer request is a timeout first.
const PRECISION = { lowest: 1, highest: 100_000_000, figures: 3 }

/** An interval, and the responses that arrived in it. */
interface Slot {
  readonly counts: Map<Outcome, number>
  found: number
  missed: number
  failed: number
}

/** Counts the outcomes of requests: exact numbers, and histograms of their latency. */
export class Recorder {
  readonly #stepSeconds: number
  readonly #began: number
  readonly #all = createHistogram(PRECISION)
  readonly #latency = new Map<Outcome, RecordableHistogram>()
  readonly #counts = new Map<Outcome, number>()
  readonly #statuses = new Map<number, number>()
  readonly #instances = new Map<string, Map<Outcome, number>>()
  readonly #failures = new Map<string, number>()
  readonly #slots: Slot[] = []
  #found = 0
  #missed = 0
  #cutOff = 0

  /** `began` and all times passed in later are ms of performance.now(). */
  constructor (stepSeconds: number, began: number) {
    this.#stepSeconds = stepSeconds
    this.#began = began
  }

  /** Records a response that arrived at `at` and took `ms`. */
  answered (status: number, { outcome, found, instance }: Judgement, ms: number, at: number): void {
    const micros = Math.max(1, Math.round(ms * 1000))
    this.#all.record(micros)
    let latency = this.#latency.get(outcome)
    if (latency === undefined) this.#latency.set(outcome, latency = createHistogram(PRECISION))
    latency.record(micros)
    add(this.#counts, outcome)
    add(this.#statuses, status)
    const slot = this.#slot(at)
    add(slot.counts, outcome)
    if (found === true) {
      this.#found++
      slot.found++
    } else if (found === false) {
      this.#missed++
      slot.missed++
    }
    if (instance === undefined) return
    let counts = this.#instances.get(instance)
    if (counts === undefined) this.#instances.set(instance, counts = new Map<Outcome, number>())
    add(counts, outcome)
  }

  /** Records a request without a response. */
  failed (reason: string, at: number): void {
    add(this.#failures, reason)
    this.#slot(at).failed++
  }

  /** Records a request that was in flight when time was up. */
  cutOff (): void {
    this.#cutOff++
  }

  /** Number of responses with an outcome so far. */
  count (outcome: Outcome): number {
    return this.#counts.get(outcome) ?? 0
  }

  /** All figures until `ended`. */
  figures (ended: number): Figures {
    const seconds = (ended - this.#began) / 1000
    const answered = sum(this.#counts.values())
    const failed = sum(this.#failures.values())
    return {
      seconds,
      sent: answered + failed + this.#cutOff,
      answered,
      failed,
      cutOff: this.#cutOff,
      perSecond: seconds > 0 ? answered / seconds : 0,
      hitRatio: ratio(this.#found, this.#missed),
      asked: this.#found + this.#missed,
      latency: latencyOf(this.#all),
      outcomes: OUTCOMES.flatMap((outcome) => {
        const histogram = this.#latency.get(outcome)
        const latency = histogram && latencyOf(histogram)
        return latency
          ? [
              {
                outcome,
                count: this.count(outcome),
                share: this.count(outcome) / answered,
                latency
              }
            ]
          : []
      }),
      instances: [...this.#instances]
        .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
        .map(([name, counts]) => {
          const count = sum(counts.values())
          return { name, count, share: count / answered, outcomes: Object.fromEntries(counts) }
        }),
      statuses: Object.fromEntries(this.#statuses),
      failures: Object.fromEntries(this.#failures),
      moments: this.#moments(seconds)
    }
  }

  #slot (at: number): Slot {
    const index = Math.max(0, Math.floor((at - this.#began) / 1000 / this.#stepSeconds))
    while (this.#slots.length < index) this.#slots.push(newSlot())
    return (this.#slots[index] ??= newSlot())
  }

  #moments (seconds: number): Moment[] {
    const step = this.#stepSeconds
    // A remainder that is too short to mean anything joins the interval before it.
    const amount = Math.max(1, Math.round(seconds / step))
    return Array.from({ length: amount }, (_, i) => {
      const isLast = i === amount - 1
      const { counts, found, missed, failed } = together(
        this.#slots.slice(i, isLast ? undefined : i + 1)
      )
      const lasted = isLast ? seconds - i * step : step
      return {
        at: i * step,
        seconds: lasted,
        outcomes: Object.fromEntries(counts),
        failed,
        hitRatio: ratio(found, missed)
      }
    })
  }
}

function together (slots: readonly Slot[]): Slot {
  const all = newSlot()
  for (const { counts, found, missed, failed } of slots) {
    for (const [outcome, count] of counts) add(all.counts, outcome, count)
    all.found += found
    all.missed += missed
    all.failed += failed
  }
  return all
}

const newSlot = (): Slot => ({ counts: new Map(), found: 0, missed: 0, failed: 0 })

const sum = (values: Iterable<number>): number =>
  [...values].reduce((total, value) => total + value, 0)

function add<K> (counts: Map<K, number>, key: K, count = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

function latencyOf (histogram: RecordableHistogram): Latency | null {
  if (histogram.count === 0) return null
  const ms = (micros: number) => micros / 1000
  const at = (percentile: number) => ms(histogram.percentile(percentile))
  return {
    mean: ms(histogram.mean),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    max: ms(histogram.max)
  }
}
