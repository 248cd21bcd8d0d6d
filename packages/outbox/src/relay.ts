import { setImmediate } from 'node:timers/promises'
import { within } from '@weir/internal'
import { chunkEnd, MAX_TAGS } from './chunk.js'
import { OutboxError, timedOut } from './errors.js'
import { emit } from './events.js'
import type { Lease } from './lease.js'
import { Polling } from './polling.js'
import { type Removal, type Row, type Rows, ticketIdOf } from './rows.js'
import { readTag } from './tags.js'

/** Dependencies of a relay. */
export interface RelayParts {
  readonly rows: Pick<Rows, 'page' | 'last' | 'claim' | 'hasAny'>
  /**
   * Limited in time.
   * @param traceparents the spans of the writes
   */
  readonly invalidate: (
    tags: readonly string[],
    traceparents: readonly string[]
  ) => Promise<unknown>
  readonly lease: Lease
  /** Milliseconds from the end of a poll to the start of the next. */
  readonly pollInterval: number
  /** Milliseconds for which `stop` waits for a poll in progress. */
  readonly stopTimeout: number
}

/** Number of chunks delivered concurrently: each may wait for a lease of the cache. */
const LANES = 4
const INITIAL_LIMIT = 100
const LIMIT_STEP = 50
/**
 * Number of consecutive failures of all lanes after which a poll is given up: the store is at fault
 * rather than its input.
 */
const MAX_FAILURES = 3

/** Milliseconds until rows that another instance has claimed are looked at again. */
const CLAIMS_AGAIN = 20

/**
 * Delivers every row in the table, whichever instance wrote it or may be delivering it.
 *
 * Delivering twice is harmless. Rows claimed by another instance are left to it, but count as
 * undelivered until they are gone: a claim ends with its instance, and what it left is found again.
 */
export class Relay {
  readonly #parts: RelayParts
  readonly #polling = new Polling(async () => {
    await this.poll()
    return this.#leavesClaims
      ? Math.min(CLAIMS_AGAIN, this.#parts.pollInterval)
      : this.#parts.pollInterval
  })

  /** Rows per chunk: halved after a failed invalidation, slowly increased after successful ones. */
  #limit = INITIAL_LIMIT
  /** Whether other instances were delivering rows when the last poll ended. */
  #leavesClaims = false

  constructor (parts: RelayParts) {
    this.#parts = parts
  }

  /**
   * Resolves after the first poll.
   * @throws OutboxError WEIR_OUTBOX_STOPPED
   */
  start (): Promise<void> {
    return this.#polling.start()
  }

  /** Polls without waiting for the interval to end. */
  pollSoon (): void {
    this.#polling.runSoon()
  }

  async stop (): Promise<void> {
    this.#parts.lease.end()
    try {
      await within(
        this.#parts.stopTimeout,
        this.#polling.stop(),
        timedOut('The poll under way', this.#parts.stopTimeout)
      )
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
    }
  }

  /**
   * Polls once, and renews the lease if everything in the table was delivered. Never rejects:
   * failures are retried.
   */
  async poll (): Promise<void> {
    // Taken before the query: rows committed while it is in flight may be missing from the answer.
    const began = performance.now()
    if (await this.#drain()) this.#parts.lease.renew(began)
  }

  /**
   * Delivers page after page, in chunks that are deleted as they are delivered: delivered rows stay
   * delivered, whatever fails later. Every row that existed at the start is in some page, since
   * pages follow the ids up to the last one; rows added beyond it do not prolong the poll.
   */
  async #drain (): Promise<boolean> {
    let after = ''
    let last: string | undefined
    let failures = 0
    let isWhole = true
    const others: string[] = []
    this.#leavesClaims = false
    while (!this.#polling.isStopped) {
      const limit = this.#limit
      const page = await this.#tried(() => this.#parts.rows.page(after, limit * LANES, last))
      if (page === undefined) return false
      const chunks = chunksOf(page, limit)
      const outcomes = await this.#tried(() => this.#claim(chunks, others))
      if (outcomes === undefined) return false
      if (outcomes.includes('failed')) {
        this.#limit = Math.max(1, Math.floor(limit / 2))
        failures = outcomes.every((outcome) => outcome === 'failed') ? failures + 1 : 0
        if (failures === MAX_FAILURES) return false
        if (chunks.some((chunk) => chunk.length > 1)) continue
      } else {
        failures = 0
        this.#limit = Math.min(MAX_TAGS, limit + LIMIT_STEP)
      }
      // A row that is rejected individually, or cannot be read, does not hold up those after it.
      if (outcomes.some((outcome) => outcome !== 'delivered')) isWhole = false
      const end = chunks.at(-1)?.at(-1)?.id
      if (end === undefined || (end === page.at(-1)?.id && page.length < limit * LANES)) {
        return isWhole && await this.#areGone(others)
      }
      last ??= await this.#tried(() => this.#parts.rows.last())
      if (last === undefined) return false
      after = end
      // A store that answers within this process would otherwise block all other work.
      await setImmediate()
    }
    return false
  }

  /** Delivers the rows that no other instance has claimed; adds the rest to `others`. */
  async #claim (chunks: readonly (readonly Row[])[], others: string[]): Promise<Outcome[]> {
    const ids = chunks.flatMap((chunk) => chunk.map(({ id }) => id))
    if (ids.length === 0) return []
    return await this.#parts.rows.claim(ids, async (mine, remove) => {
      for (const id of ids) if (!mine.has(id)) others.push(id)
      return await Promise.all(
        chunks.map((chunk) => this.#deliver(chunk.filter(({ id }) => mine.has(id)), remove))
      )
    })
  }

  /** Reports whether the instances that had claimed these rows have delivered them. */
  async #areGone (ids: readonly string[]): Promise<boolean> {
    if (ids.length === 0) return true
    const hasAny = await this.#tried(() => this.#parts.rows.hasAny(ids))
    this.#leavesClaims = hasAny === true
    return hasAny === false
  }

  async #tried<T> (ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
      return undefined
    }
  }

  async #deliver (
    chunk: readonly Row[],
    remove: Removal
  ): Promise<Outcome> {
    const ids: string[] = []
    const union = new Set<string>()
    const traceparents = new Set<string>()
    for (const row of chunk) {
      const tag = readTag(row.tag)
      if (tag === undefined) {
        emit('weir:outbox:error', {
          operation: 'read',
          error: new OutboxError('WEIR_OUTBOX_INVALID_ROW', row.id)
        })
        continue
      }
      ids.push(row.id)
      union.add(tag)
      if (typeof row.traceparent === 'string') traceparents.add(row.traceparent)
    }
    if (ids.length > 0) {
      const tags = [...union]
      try {
        await this.#parts.invalidate(tags, [...traceparents])
      } catch (error) {
        emit('weir:outbox:error', { operation: 'invalidate', error })
        return 'failed'
      }
      await remove(ids)
      emit('weir:outbox:relay', { ids: [...new Set(ids.map(ticketIdOf))], tags })
    }
    return ids.length === chunk.length ? 'delivered' : 'unreadable'
  }
}

type Outcome = 'delivered' | 'unreadable' | 'failed'

/** The first chunks of a page; rows that did not fit because of long tags are read again. */
function chunksOf (page: readonly Row[], limit: number): (readonly Row[])[] {
  const texts = page.map(({ tag }) => typeof tag === 'string' ? tag : undefined)
  const chunks: (readonly Row[])[] = []
  for (let from = 0; from < page.length && chunks.length < LANES;) {
    const end = chunkEnd(texts, from, limit)
    chunks.push(page.slice(from, end))
    from = end
  }
  return chunks
}
