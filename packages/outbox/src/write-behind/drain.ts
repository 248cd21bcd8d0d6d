import { setImmediate } from 'node:timers/promises'
import { types } from 'node:util'
import { shown, within } from '@weir/internal'
import { OutboxError, timedOut } from '../errors.js'
import { emit } from '../events.js'
import { keyTag } from '../key-tag.js'
import { makeTicketId } from '../rows.js'
import type { resolveOptions, Write } from './options.js'
import type { PendingWrites, Taken } from './pending-writes.js'
import type { WriteBehindSchema } from './table.js'

type Resolved<V> = ReturnType<typeof resolveOptions<WriteBehindSchema, V>>

/**
 * The outcome of a pass: whether the destination accepted or rejected anything, and whether there
 * may be more.
 */
interface Pass {
  readonly wrote: boolean
  readonly failed: boolean
  readonly isFull: boolean
}

/** An owner, and since when this instance has seen it, by its own clock. */
interface Met {
  readonly owner: string
  readonly since: number
}

/**
 * Number of consecutive rejections from which the destination is considered at fault rather than
 * the writes.
 */
const MOST_REFUSED = 3
const FIRST_BACKOFF = 1000
const LONGEST_BACKOFF = 60_000

/** Returns the milliseconds until a retry after this many failures. */
export const backoff = (failures: number) =>
  Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures - 1, 20))

/**
 * Takes writes from the table and sends them to their destination.
 *
 * **In order.** A key has one row, and at most one of its values is in flight (`taken`): the next
 * is taken when that one is written or given up. One instance owns it, under a name (`owner`) that
 * it changes before each attempt. Another takes over only after it has seen the same name for twice
 * the time that an attempt may take: no clocks are compared. A late attempt may still reach the
 * destination after its successor; its sequence is then the lower one.
 *
 * **Nothing is lost, whenever the process dies.** A value stays in the row until the destination
 * has accepted it: its removal follows the write, or is part of its transaction. **Nothing else is
 * repeated**: a value in flight stays as it is, with its sequence.
 */
export class Drain<V> {
  readonly #options: Resolved<V>
  readonly #rows: PendingWrites
  readonly #lease: number
  readonly #closing = new AbortController()
  /** Owners that were seen, and since when, by key. */
  #met = new Map<string, Met>()
  #lastTaken = -Infinity
  #failedPasses = 0

  constructor (options: Resolved<V>, rows: PendingWrites) {
    this.#options = options
    this.#rows = rows
    this.#lease = 2 * options.writeTimeout
  }

  /**
   * Writes everything that is due, as long as the destination accepts it. Returns the milliseconds
   * to wait after that. Never rejects.
   */
  async run (): Promise<number> {
    for (;;) {
      const { wrote, failed, isFull } = await this.#pass()
      if (this.#closing.signal.aborted) return 0
      if (failed && !wrote) {
        return Math.max(this.#options.pollInterval, backoff(++this.#failedPasses))
      }
      this.#failedPasses = 0
      if (!isFull) return this.#options.pollInterval
      await setImmediate()
    }
  }

  /** Ends attempts in progress: they count as failed, whatever their outcome. */
  close (): void {
    this.#closing.abort(new OutboxError('WEIR_OUTBOX_STOPPED', 'A write'))
  }

  async #pass (): Promise<Pass> {
    const owner = makeTicketId()
    let taken: Taken[]
    try {
      taken = await this.#take(owner)
    } catch (error) {
      emit('weir:outbox:error', { operation: 'claim', error })
      return { wrote: false, failed: true, isFull: false }
    }
    if (taken.length === 0) return { wrote: false, failed: false, isFull: false }
    const pass = await this.#write(owner, taken)
    return { ...pass, isFull: taken.length === this.#options.batchSize }
  }

  async #take (owner: string): Promise<Taken[]> {
    const { db, batchSize } = this.#options
    const due = await this.#rows.due(db, new Date(), batchSize)
    const free = this.#free(due)
    if (free.size === 0) return []
    return db.transaction().execute(async (trx) => {
      const sequence = await this.#rows.nextSequence(trx)
      const until = new Date(Date.now() + this.#lease)
      const taken: Taken[] = []
      for (const [from, hashes] of free) {
        taken.push(...(await this.#rows.take(trx, hashes, { from, owner, sequence, until })))
      }
      return taken
    })
  }

  /** Groups by owner the keys without one, or whose owner has not changed for a lease. */
  #free (due: Awaited<ReturnType<PendingWrites['due']>>): Map<string | null, string[]> {
    const now = performance.now()
    const met = new Map<string, Met>()
    const free = new Map<string | null, string[]>()
    for (const { hash, owner } of due) {
      if (owner !== null) {
        const before = this.#met.get(hash)
        const since = before?.owner === owner ? before.since : now
        met.set(hash, { owner, since })
        if (now - since < this.#lease) continue
      }
      const hashes = free.get(owner) ?? []
      hashes.push(hash)
      free.set(owner, hashes)
    }
    this.#met = met
    return free
  }

  /**
   * Writes new values together, and one by one those that failed before, or all if they fail
   * together.
   */
  async #write (first: string, taken: readonly Taken[]): Promise<Omit<Pass, 'isFull'>> {
    const retried = taken.filter(({ attempts }) => attempts > 0)
    const batch = taken.filter(({ attempts }) => attempts === 0)
    const single = batch.length === 1 ? [...batch, ...retried] : [...retried]
    let owner = first
    let [wrote, refused] = [false, 0]
    if (batch.length > 1) {
      wrote = (await this.#attempt(owner, batch)) === undefined
      if (!wrote) single.unshift(...batch)
    }
    let rest = new Set(taken.map(({ hash }) => hash))
    let isFirst = batch.length <= 1
    for (const write of single) {
      if (this.#closing.signal.aborted || (!wrote && refused === MOST_REFUSED)) break
      if (!isFirst) {
        const name = makeTicketId()
        rest = await this.#kept(owner, name)
        owner = name
      }
      isFirst = false
      if (!rest.has(write.hash)) continue
      const error = await this.#attempt(owner, [write])
      if (error !== undefined && this.#closing.signal.aborted) break
      if (error === undefined) wrote = true
      else {
        refused++
        await this.#refuse(owner, write, error)
      }
    }
    await this.#tried('release', () => this.#rows.release(this.#options.db, owner, new Date()))
    return { wrote, failed: refused > 0 || !wrote }
  }

  async #kept (owner: string, name: string): Promise<Set<string>> {
    const until = new Date(Date.now() + this.#lease)
    return (
      (await this.#tried('claim', () => this.#rows.keep(this.#options.db, owner, name, until))) ??
      new Set()
    )
  }

  /** Returns the error. */
  async #attempt (owner: string, taken: readonly Taken[]): Promise<Error | undefined> {
    const { db, name, write, writeInTransaction, writeTimeout } = this.#options
    const late = timedOut(`The destination of ${name}`, writeTimeout)
    const hashes = taken.map(({ hash }) => hash)
    try {
      const writes = taken.map((one) => asWrite<V>(one))
      if (writeInTransaction !== undefined) {
        await db.transaction().execute(async (trx) => {
          // This statement comes first, so that it locks the rows: if another instance has taken
          // over, the transaction rolls back.
          if ((await this.#rows.end(trx, owner, hashes, new Date())) !== hashes.length) {
            throw new OutboxError('WEIR_OUTBOX_LOST', name)
          }
          await this.#bounded(writeInTransaction(trx, writes), late)
        })
      } else if (write !== undefined) {
        const signal = AbortSignal.any([AbortSignal.timeout(writeTimeout), this.#closing.signal])
        await this.#bounded(write(writes, { signal }), late)
        await this.#ended(owner, writes, hashes)
      }
      this.#lastTaken = performance.now()
      emit('weir:outbox:written', { queue: name, keys: writes.length })
      return undefined
    } catch (error) {
      emit('weir:outbox:unwritten', { queue: name, keys: taken.map(({ key }) => key), error })
      return types.isNativeError(error) ? error : new Error(shown(error))
    }
  }

  /**
   * A reader of merged values may have added pending values to the destination's: that result ends
   * as well.
   */
  async #ended (
    owner: string,
    writes: readonly Write<V>[],
    hashes: readonly string[]
  ): Promise<void> {
    const { db, outbox, merge } = this.#options
    const ticket = await db.transaction().execute(async (trx) => {
      await this.#rows.end(trx, owner, hashes, new Date())
      return (
        merge &&
        outbox.add(
          trx,
          writes.map(({ key }) => keyTag(key))
        )
      )
    })
    if (ticket !== undefined) await outbox.deliver(ticket)
  }

  async #refuse (owner: string, write: Taken, error: Error): Promise<void> {
    const { db, name, outbox, maxAttempts } = this.#options
    const attempts = write.attempts + 1
    // Compared with the previous attempt: if the destination accepts nothing at all, it is at
    // fault.
    const takesOthers = performance.now() - this.#lastTaken < backoff(Math.max(1, write.attempts))
    const isUnwritable =
      'code' in error &&
      (error.code === 'WEIR_OUTBOX_UNWRITABLE' || error.code === 'WEIR_OUTBOX_INVALID_ROW')
    if (!isUnwritable && !(attempts >= maxAttempts && takesOthers)) {
      const due = new Date(Date.now() + backoff(attempts))
      await this.#tried('release', () => this.#rows.release(db, owner, due, write.hash))
      return
    }
    const key = keyOf(write)
    const ticket = await this.#tried('delete', () =>
      db.transaction().execute(async (trx) => {
        await this.#rows.bury(trx, owner, { ...write, attempts }, error.message, new Date())
        // Readers have seen the value; the destination never will.
        return outbox.add(trx, [keyTag(key)])
      })
    )
    if (ticket === undefined) return
    emit('weir:outbox:dead', { queue: name, key, sequence: write.sequence, error })
    await outbox.deliver(ticket)
  }

  /**
   * @param written result of an application's function, which in plain JavaScript need not be a
   *   promise
   */
  #bounded (written: unknown, late: () => Error): Promise<unknown> {
    const { signal } = this.#closing
    return within(
      this.#options.writeTimeout,
      new Promise((resolve, reject) => {
        const abort = () => {
          reject(signal.reason as Error)
        }
        if (signal.aborted) abort()
        signal.addEventListener('abort', abort)
        Promise.resolve(written)
          .then(resolve, reject)
          .finally(() => {
            signal.removeEventListener('abort', abort)
          })
      }),
      late
    )
  }

  async #tried<R>(
    operation: 'claim' | 'release' | 'delete',
    work: () => Promise<R>
  ): Promise<R | undefined> {
    try {
      return await work()
    } catch (error) {
      emit('weir:outbox:error', { operation, error })
      return undefined
    }
  }
}

function asWrite<V> (taken: Taken): Write<V> {
  try {
    // The cast relies on the callers: all writers of a queue use the same type of values.
    return { key: keyOf(taken), value: JSON.parse(taken.taken) as V, sequence: taken.sequence }
  } catch {
    throw new OutboxError('WEIR_OUTBOX_INVALID_ROW', taken.hash)
  }
}

function keyOf ({ key }: Taken): string {
  try {
    return String(JSON.parse(key))
  } catch {
    return key
  }
}
