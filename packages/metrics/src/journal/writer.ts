import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { within } from '@weir/internal'
import { MetricsError } from '../errors.js'
import type { GapEvent, JournalEvent, ServedOutcome, VersionFacts } from './event.js'
import { DescribedVersions, FurtherRequests, type Served } from './hits.js'
import { keyName } from './redact.js'
import type { JournalBatch, JournalRun, JournalStore } from './store.js'

// Milliseconds.
const FLUSH_EVERY = 500
const WRITE_TIMEOUT = 2000
const LAST_WRITE_TIMEOUT = 500
const LAST_WRITE_AGAIN_AFTER = 50
/** Time after which an idle process reports that it lives. */
const TELL_EVERY = 1000
// Events and characters in memory, and in one batch.
const MOST_PENDING = 2000
const MOST_CHARACTERS = 2 * 1024 * 1024
const MOST_IN_BATCH = 256 * 1024
// Requests that each second records one by one, before they are counted by version.
const HITS = 50
const OTHERS = 200

/** Options of {@link JournalWriter}. */
export interface JournalWriterOptions {
  /** Not closed by the writer: close it afterward. */
  readonly store: JournalStore
  readonly namespace: string
  readonly instance: string
  /**
   * Hits of one second that are recorded one by one; further ones are counted by version. Default
   * 50.
   */
  readonly hitsPerSecond?: number
  /** Events that wait for the store, at most; further ones are counted. Default 2000. */
  readonly maxPending?: number
  /** Parameters whose values its events lack, for others that write to the journal. */
  readonly redact?: readonly string[]
  /** Returns the key of the hashes in its events, if it is known. The journal has its name. */
  readonly secret?: () => string | undefined
  /** Called after each write: with the error, or with nothing. */
  readonly onWritten?: (error?: unknown) => void
}

/** Returns the facts of an answered request, from whatever stands for it. */
export interface ServedFacts<Subject> {
  client (subject: Subject): string | undefined
  /** Returns the whole event, without `version`. */
  event (subject: Subject, at: number): Served
  /** Returns the version that was served, if there is one. */
  version (subject: Subject): VersionFacts | undefined
}

/**
 * Records the events of a process and writes them to a journal, twice a second.
 *
 * Recording never waits and never fails. While the store does not answer, a bounded number of
 * events waits for it; events beyond are counted, and the journal has the gap. A killed process
 * loses the events since its last write: the journal knows up to when it is complete.
 * @throws MetricsError WEIR_METRICS_INVALID_OPTION
 * @example
 * const store = memoryJournal()
 * const writer = new JournalWriter({ store, namespace: 'responses', instance: 'a' })
 * writer.start()
 * writer.add({ kind: 'invalidated', at: Date.now(), stamp: 17, tags: ['products'] })
 * await writer.close()
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions
  readonly #run = randomUUID()
  readonly #startedAt = Date.now()
  readonly #hitsPerSecond: number
  readonly #maxPending: number
  readonly #described = new DescribedVersions()
  readonly #further = new FurtherRequests()
  #pending: { readonly at: number, readonly text: string }[] = []
  #characters = 0
  #gap: { began: number, at: number, count: number } | undefined
  #dropped = 0
  #seq = 0
  /** Batch that the store has not acknowledged. */
  #unsent: JournalBatch | undefined
  #writing: Promise<boolean> | undefined
  #toldAt = 0
  #isEnded = false
  #timer: NodeJS.Timeout | undefined
  #second = 0
  #hitsLeft = 0
  #othersLeft = 0

  constructor (options: JournalWriterOptions) {
    const { store, hitsPerSecond = HITS, maxPending = MOST_PENDING } = options
    if (typeof store?.append !== 'function') {
      throw new MetricsError(
        'WEIR_METRICS_INVALID_OPTION',
        'store is missing: use redisJournal(), sqliteJournal() or memoryJournal() of ' +
        '@weir/metrics/journal'
      )
    }
    for (const [name, value] of Object.entries({ hitsPerSecond, maxPending })) {
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new MetricsError(
          'WEIR_METRICS_INVALID_OPTION',
          `${name} ${String(value)} is not a whole number of events`
        )
      }
    }
    this.#options = options
    this.#hitsPerSecond = hitsPerSecond
    this.#maxPending = maxPending
  }

  /** Starts writing to the store. Does not keep the process running. */
  start (): void {
    this.#timer ??= setInterval(() => { this.flush().catch(() => {}) }, FLUSH_EVERY).unref()
  }

  /** Number of events that were counted in a gap instead of recorded. */
  get dropped (): number {
    return this.#dropped
  }

  /** Number of events that wait for the store. */
  get pending (): number {
    return this.#pending.length
  }

  /** Records an event. */
  add (event: JournalEvent): void {
    const { at } = event
    if (this.#pending.length >= this.#maxPending || this.#characters >= MOST_CHARACTERS) {
      const began = 'began' in event ? Math.min(at, event.began) : at
      return this.#drop(began, at, event.kind === 'gap' ? event.count : 1)
    }
    const text = JSON.stringify(event)
    this.#characters += text.length
    this.#pending.push({ at, text })
  }

  /** Records an answered request, or counts it if there are many. */
  served<Subject> (
    at: number,
    outcome: ServedOutcome,
    key: string,
    stamp: number | undefined,
    subject: Subject,
    facts: ServedFacts<Subject>
  ): void {
    if (at >= this.#second + 1000 || at < this.#second) this.#nextSecond(at)
    const isHit = outcome === 'l1' || outcome === 'l2' || outcome === 'coalesced'
    const isAlone = isHit ? this.#hitsLeft-- > 0 : this.#othersLeft-- > 0
    if (!isAlone && this.#further.count(key, stamp, outcome, at, facts.client(subject))) return
    const version = stamp !== undefined && this.#described.isNext(key, stamp, at)
      ? facts.version(subject)
      : undefined
    const served = { ...facts.event(subject, at), ...(version !== undefined && { version }) }
    if (isAlone) this.add({ kind: 'served', ...served })
    else this.#further.begin(key, served)
  }

  #nextSecond (at: number): void {
    this.#second = at - at % 1000
    this.#hitsLeft = this.#hitsPerSecond
    this.#othersLeft = OTHERS
    this.#addFurther()
  }

  #addFurther (): void {
    const { events, lost } = this.#further.take()
    for (const event of events) this.add(event)
    if (lost !== undefined) this.#drop(lost.began, lost.at, lost.count)
  }

  #drop (began: number, at: number, count: number): void {
    this.#dropped += count
    this.#gap ??= { began, at, count: 0 }
    this.#gap.began = Math.min(this.#gap.began, began)
    this.#gap.at = Math.max(this.#gap.at, at)
    this.#gap.count += count
  }

  /**
   * Writes events to the store; while an earlier write is unanswered, waits for that instead.
   * @throws MetricsError WEIR_METRICS_NO_ANSWER after 2 s; the store's error
   */
  async flush (): Promise<void> {
    const now = Date.now()
    if (now >= this.#second + 1000) this.#nextSecond(now)
    // A backlog is written in several batches, one after the other.
    while (await this.#writeOnce(WRITE_TIMEOUT));
  }

  /**
   * Writes for the last time, and that the process ended in good order; again if it fails, for half
   * a second. Never rejects.
   */
  async close (): Promise<void> {
    clearInterval(this.#timer)
    this.#addFurther()
    const end = Date.now() + LAST_WRITE_TIMEOUT
    for (let left = LAST_WRITE_TIMEOUT; left > 0; left = end - Date.now()) {
      if (this.#unsent === undefined && this.#pending.length === 0) {
        if (this.#isEnded && this.#toldAt > 0) return
        this.#isEnded = true
        this.#toldAt = 0
      }
      // A write in progress may never end.
      await within(left, this.#writeOnce(left), () => new Error('late'))
        .catch(() => setTimeout(LAST_WRITE_AGAIN_AFTER))
    }
  }

  /** Resolves to whether there is more to write. */
  #writeOnce (timeout: number): Promise<boolean> {
    this.#writing ??= this.#write(timeout).finally(() => { this.#writing = undefined })
    return this.#writing
  }

  async #write (timeout: number): Promise<boolean> {
    const batch = this.#unsent ?? this.#nextBatch()
    if (batch === undefined) return false
    this.#unsent = batch
    const { store, onWritten } = this.#options
    try {
      const late = () => new MetricsError('WEIR_METRICS_NO_ANSWER', String(timeout))
      await within(timeout, store.append(batch), late)
    } catch (error) {
      onWritten?.(error)
      throw error
    }
    this.#unsent = undefined
    this.#toldAt = Date.now()
    onWritten?.()
    return this.#pending.length > 0
  }

  #nextBatch (): JournalBatch | undefined {
    const now = Date.now()
    const isDue = now - this.#toldAt >= TELL_EVERY || now < this.#toldAt
    if (this.#pending.length === 0 && this.#gap === undefined && !isDue) return undefined
    const { namespace } = this.#options
    const events: string[] = []
    let [characters, from, to] = [0, now, 0]
    let taken = 0
    for (const { at, text } of this.#pending) {
      if (taken > 0 && characters + text.length > MOST_IN_BATCH) break
      taken++
      events.push(text)
      characters += text.length
      from = Math.min(from, at)
      to = Math.max(to, at)
    }
    const isAll = taken === this.#pending.length
    this.#pending = isAll ? [] : this.#pending.slice(taken)
    this.#characters -= characters
    const gap = this.#gapEvent()
    if (gap !== undefined) {
      events.push(JSON.stringify(gap))
      from = Math.min(from, gap.began)
      to = Math.max(to, gap.at)
    }
    // Further events of the same millisecond may follow.
    const coveredTo = Math.min(now, (isAll ? this.#further.began : to) ?? now) - 1
    return {
      namespace, run: this.#runTo(coveredTo), seq: ++this.#seq, from, to: Math.max(from, to), events
    }
  }

  #gapEvent (): GapEvent | undefined {
    const gap = this.#gap
    this.#gap = undefined
    return gap && { kind: 'gap', ...gap }
  }

  #runTo (coveredTo: number): JournalRun {
    const { instance, redact = [], secret } = this.#options
    const key = secret?.()
    return {
      run: this.#run,
      instance,
      startedAt: this.#startedAt,
      coveredTo,
      isEnded: this.#isEnded,
      ...(redact.length > 0 && { redact }),
      ...(key !== undefined && { hashKey: keyName(key) })
    }
  }
}
