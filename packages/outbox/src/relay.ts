import { within } from '@weir/internal'
import { OutboxError, timedOut } from './errors.js'
import { emit } from './events.js'
import type { Lease } from './lease.js'
import { PAGE, type Row, type Rows } from './rows.js'
import { readTags } from './tags.js'

/** What a relay works with. */
export interface RelayParts {
  readonly rows: Pick<Rows, 'page' | 'remove'>
  /** Bounded in time. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  readonly lease: Lease
  /** From the end of a poll to the beginning of the next, in ms. */
  readonly pollInterval: number
  /** How long `stop` waits for a poll under way, in ms. */
  readonly stopTimeout: number
}

/**
 * Delivers whatever is in the table, whoever wrote it and whoever else may be at it: a row that was skipped because
 * somebody seemed to have it would be lost with them, and delivering twice does no harm.
 */
export class Relay {
  readonly #parts: RelayParts
  #first: Promise<void> | undefined
  #running: Promise<void> | undefined
  #stopped = false
  #wake: (() => void) | undefined

  constructor (parts: RelayParts) {
    this.#parts = parts
  }

  /**
   * Resolves when it has looked for the first time.
   * @throws OutboxError WEIR_OUTBOX_STOPPED
   */
  start (): Promise<void> {
    if (this.#stopped) throw new OutboxError('WEIR_OUTBOX_STOPPED', 'start()')
    this.#first ??= this.poll()
    this.#running ??= this.#first.then(() => this.#run())
    return this.#first
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#parts.lease.end()
    this.#wake?.()
    try {
      const { stopTimeout } = this.#parts
      await within(stopTimeout, Promise.resolve(this.#running), timedOut('The poll under way', stopTimeout))
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
    }
  }

  /** Looks once, and renews the lease if all that was there is delivered. Does not fail: it is tried again. */
  async poll (): Promise<void> {
    // Before the question is asked: rows that are committed while it is on its way may not be in the answer.
    const began = performance.now()
    if (await this.#drain()) this.#parts.lease.renew(began)
  }

  async #run (): Promise<void> {
    while (!this.#stopped) {
      await this.#pause()
      if (!this.#stopped) await this.poll()
    }
  }

  /** Rows there were at the beginning are in some page, since pages follow the ids; what is added meanwhile may be in one too. */
  async #drain (): Promise<boolean> {
    let after = ''
    let whole = true
    while (!this.#stopped) {
      const page = await this.#read(after)
      if (page === undefined || !await this.#deliver(page)) whole = false
      if (page === undefined || page.length < PAGE) return whole
      after = page.at(-1)?.id ?? after
    }
    return false
  }

  async #read (after: string): Promise<Row[] | undefined> {
    try {
      return await this.#parts.rows.page(after, PAGE)
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
      return undefined
    }
  }

  async #deliver (page: readonly Row[]): Promise<boolean> {
    const ids: string[] = []
    const union = new Set<string>()
    for (const row of page) {
      const tags = readTags(row.tags)
      if (tags === undefined) {
        emit('weir:outbox:error', { operation: 'read', error: new OutboxError('WEIR_OUTBOX_INVALID_ROW', row.id) })
        continue
      }
      ids.push(row.id)
      for (const tag of tags) union.add(tag)
    }
    if (ids.length > 0) {
      const tags = [...union]
      try {
        await this.#parts.invalidate(tags)
      } catch (error) {
        emit('weir:outbox:error', { operation: 'invalidate', error })
        return false
      }
      await this.#parts.rows.remove(ids)
      emit('weir:outbox:relay', { ids, tags })
    }
    return ids.length === page.length
  }

  async #pause (): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#parts.pollInterval)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
