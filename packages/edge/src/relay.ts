import type { Fleet } from '@weir/outbox'
import type { Claim } from './claim.js'
import { EdgeError, reasonOf } from './errors.js'
import { emit } from './events.js'
import type { EdgeRow, Rows } from './rows.js'
import type { Sender } from './sender.js'

/** Dependencies of a relay. */
export interface EdgeRelayParts {
  readonly rows: Rows
  readonly sender: Sender
  readonly claim: Pick<Claim, 'take' | 'release'>
  /** Resolves when the fleet's invalidation of these rows is in force. */
  readonly enforce: Fleet['enforce']
  /** Rows that this instance is delivering on behalf of a write. */
  readonly ongoing: ReadonlySet<string>
  /** Milliseconds for which a row is left to its writer, by this instance's clock. */
  readonly handover: number
  readonly pollInterval: number
  readonly maxAttempts: number
}

const PAGE = 500
const LONGEST_PAUSE = 30_000

/**
 * Delivers the rows that writers have left to one destination: because they died, or because the
 * destination did not confirm in time.
 *
 * A row is left to its writer until this relay has seen it for `handover` ms: no clocks are
 * compared. Before a purge the fleet's own invalidation of the row is in force, or else the
 * destination would fetch the old version again.
 */
export class EdgeRelay {
  readonly #parts: EdgeRelayParts
  /** When each row was first seen, and how often its purge has failed. */
  readonly #seen = new Map<string, { readonly since: number, failures: number }>()
  #timer: NodeJS.Timeout | undefined
  #poll: Promise<unknown> = Promise.resolve()
  #isStopped = false
  #failures = 0

  constructor (parts: EdgeRelayParts) {
    this.#parts = parts
  }

  start (): void {
    if (this.#timer !== undefined || this.#isStopped) return
    this.#next(0)
  }

  /** Resolves when a poll in progress has ended. */
  async stop (): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#poll
    await this.#parts.claim.release().catch(() => {})
  }

  #next (delay: number): void {
    this.#timer = setTimeout(() => {
      this.#poll = this.poll().then((pause) => { if (!this.#isStopped) this.#next(pause) })
    }, delay)
  }

  /** Polls once. Returns the ms until the next poll; never rejects. */
  async poll (): Promise<number> {
    const { pollInterval, sender: { destination: { name } } } = this.#parts
    try {
      if (!await this.#parts.claim.take()) {
        this.#seen.clear()
        return pollInterval
      }
      const isWhole = await this.#relay() && await this.#repeat()
      this.#failures = isWhole ? 0 : this.#failures + 1
    } catch (error) {
      emit('weir:edge:error', { destination: name, operation: 'table', error })
      this.#failures++
    }
    const pause = pollInterval * 2 ** Math.min(this.#failures, 16)
    return Math.max(pollInterval, Math.min(LONGEST_PAUSE, pause) * (0.5 + Math.random() / 2))
  }

  /** Returns false if a purge failed. */
  async #relay (): Promise<boolean> {
    const { rows, ongoing, handover } = this.#parts
    const present = new Set<string>()
    let isWhole = true
    for (let after = ''; !this.#isStopped;) {
      const page = await rows.page(after, PAGE)
      const now = performance.now()
      const left: EdgeRow[] = []
      for (const row of page) {
        present.add(row.id)
        if (ongoing.has(row.id)) continue
        const seen = this.#seen.get(row.id)
        if (seen === undefined) this.#seen.set(row.id, { since: now, failures: 0 })
        if (handover === 0 || (seen !== undefined && now - seen.since >= handover)) left.push(row)
      }
      if (left.length > 0) {
        // The renewed claim keeps other relays away during a long backlog.
        if (after !== '' && !await this.#parts.claim.take()) return isWhole
        isWhole = await this.#purge(left, false) && isWhole
      }
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE || !isWhole) break
      after = last.id
    }
    if (isWhole) for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id)
    return isWhole
  }

  /** Purges a second time what is due. Returns false if a purge failed. */
  async #repeat (): Promise<boolean> {
    for (;;) {
      const due = await this.#parts.rows.due(PAGE)
      if (due.length === 0 || this.#isStopped) return true
      if (!await this.#purge(due, true)) return false
    }
  }

  async #purge (left: readonly EdgeRow[], isAgain: boolean): Promise<boolean> {
    const { rows, sender, enforce } = this.#parts
    if (!isAgain) await enforce(left.map(({ tag }) => tag), left.map(({ id }) => id))
    const spans = left.flatMap(({ traceparent }) => traceparent ?? [])
    try {
      await sender.send(left.map(({ tag }) => tag), new Set(spans))
    } catch (error) {
      return this.#failed(left, isAgain, error)
    }
    if (isAgain) await rows.finishAgain(left)
    else await rows.finish(left, sender.destination.again)
    return true
  }

  async #failed (left: readonly EdgeRow[], isAgain: boolean, error: unknown): Promise<boolean> {
    if (this.#isStopped) return false
    const { maxAttempts } = this.#parts
    const isPermanent = error instanceof EdgeError && error.isPermanent
    const isOfAll = error instanceof EdgeError && (error.status === 401 || error.status === 403)
    if (isPermanent && !isOfAll && left.length > 1) return this.#halved(left, isAgain)
    const dead: EdgeRow[] = []
    for (const row of left) {
      const seen = this.#seen.get(row.id) ?? { since: performance.now(), failures: 0 }
      this.#seen.set(row.id, seen)
      if (++seen.failures >= maxAttempts || isPermanent) dead.push(row)
    }
    if (dead.length === 0) return false
    await this.#parts.rows.bury(dead, reasonOf(error))
    for (const { id } of dead) this.#seen.delete(id)
    emit('weir:edge:dead', {
      destination: this.#parts.sender.destination.name,
      tags: [...new Set(dead.map(({ tag }) => tag))],
      error
    })
    return dead.length === left.length
  }

  /** Finds the tags that a destination refuses: the others of the same call are not at fault. */
  async #halved (left: readonly EdgeRow[], isAgain: boolean): Promise<boolean> {
    const middle = left.length >> 1
    const first = await this.#purge(left.slice(0, middle), isAgain)
    return await this.#purge(left.slice(middle), isAgain) && first
  }
}
