import { setImmediate } from 'node:timers/promises'
import { within } from '@weir/internal'
import { chunkEnd, MAX_TAGS } from './chunk.js'
import { OutboxError, timedOut } from './errors.js'
import { emit } from './events.js'
import type { Lease } from './lease.js'
import { Polling } from './polling.js'
import { type Row, type Rows, ticketIdOf } from './rows.js'
import { readTag } from './tags.js'

/** What a relay works with. */
export interface RelayParts {
  readonly rows: Pick<Rows, 'page' | 'last' | 'remove'>
  /** Bounded in time. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  readonly lease: Lease
  /** From the end of a poll to the beginning of the next, in ms. */
  readonly pollInterval: number
  /** How long `stop` waits for a poll under way, in ms. */
  readonly stopTimeout: number
}

/** Chunks that are delivered at once: each may wait for a lease of the cache's. */
const LANES = 4
const INITIAL_LIMIT = 100
const LIMIT_STEP = 50
/**
 * Times that all of them fail, one after the other, before a poll is given up: it is the store
 * rather than what it is given.
 */
const MAX_FAILURES = 3

/**
 * Delivers whatever is in the table, whoever wrote it and whoever else may be at it: a row that was
 * skipped because somebody seemed to have it would be lost with them, and delivering twice does no
 * harm.
 */
export class Relay {
  readonly #parts: RelayParts
  readonly #polling = new Polling(async () => {
    await this.poll()
    return this.#parts.pollInterval
  })

  /**
   * Rows of one chunk: half as many after an invalidation that failed, some more after one that did
   * not.
   */
  #limit = INITIAL_LIMIT

  constructor (parts: RelayParts) {
    this.#parts = parts
  }

  /**
   * Resolves when it has looked for the first time.
   * @throws OutboxError WEIR_OUTBOX_STOPPED
   */
  start (): Promise<void> {
    return this.#polling.start()
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
   * Looks once, and renews the lease if all that was there is delivered. Does not fail: it is tried
   * again.
   */
  async poll (): Promise<void> {
    // Before the question is asked: rows that are committed while it is on its way may not be in
    // the answer.
    const began = performance.now()
    if (await this.#drain()) this.#parts.lease.renew(began)
  }

  /**
   * Delivers page after page, in chunks that are deleted as they are delivered: what is done stays
   * done whatever fails later. Rows there were at the beginning are in some page, since pages
   * follow the ids up to the last one; those that are added meanwhile beyond it do not keep the
   * poll from ending.
   */
  async #drain (): Promise<boolean> {
    let after = ''
    let last: string | undefined
    let failures = 0
    let isWhole = true
    while (!this.#polling.isStopped) {
      const limit = this.#limit
      const page = await this.#tried(() => this.#parts.rows.page(after, limit * LANES, last))
      if (page === undefined) return false
      const chunks = chunksOf(page, limit)
      const outcomes = await Promise.all(chunks.map((chunk) => this.#deliver(chunk)))
      if (outcomes.includes('failed')) {
        this.#limit = Math.max(1, Math.floor(limit / 2))
        failures = outcomes.every((outcome) => outcome === 'failed') ? failures + 1 : 0
        if (failures === MAX_FAILURES) return false
        if (chunks.some((chunk) => chunk.length > 1)) continue
      } else {
        failures = 0
        this.#limit = Math.min(MAX_TAGS, limit + LIMIT_STEP)
      }
      // A row that is refused by itself, or cannot be read, does not keep back those after it.
      if (outcomes.some((outcome) => outcome !== 'delivered')) isWhole = false
      const end = chunks.at(-1)?.at(-1)?.id
      if (end === undefined || (end === page.at(-1)?.id && page.length < limit * LANES)) {
        return isWhole
      }
      last ??= await this.#tried(() => this.#parts.rows.last())
      if (last === undefined) return false
      after = end
      // A store that answers within this process would otherwise keep everything else waiting.
      await setImmediate()
    }
    return false
  }

  async #tried<T> (ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
      return undefined
    }
  }

  async #deliver (chunk: readonly Row[]): Promise<'delivered' | 'unreadable' | 'failed'> {
    const ids: string[] = []
    const union = new Set<string>()
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
    }
    if (ids.length > 0) {
      const tags = [...union]
      try {
        await this.#parts.invalidate(tags)
      } catch (error) {
        emit('weir:outbox:error', { operation: 'invalidate', error })
        return 'failed'
      }
      await this.#parts.rows.remove(ids)
      emit('weir:outbox:relay', { ids: [...new Set(ids.map(ticketIdOf))], tags })
    }
    return ids.length === chunk.length ? 'delivered' : 'unreadable'
  }
}

/** The first few chunks of a page; those that are left by long tags are read again. */
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
