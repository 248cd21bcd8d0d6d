import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { within } from '@weir/internal'
import { Bucket } from './bucket.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError, reasonOf } from './errors.js'
import { emit } from './events.js'
import { edgeTag } from './tags.js'
import { type EdgeDelivery, tracedPurge } from './traces.js'

/** Tags that are sent in one call, to be joined by others until the call begins. */
interface Batch {
  readonly tags: Set<string>
  bytes: number
  /** Calls so far. */
  attempts: number
  readonly done: Promise<void>
  readonly finish: (error?: unknown) => void
}

/** Attempts of one `send`, in quick succession: longer pauses are the relay's. */
const TRIES = 3
const FIRST_PAUSE = 50

/**
 * Sends purges to one destination: combined into calls of the size that it takes, within its rate,
 * each with a timeout and repeated a few times.
 *
 * A tag joins a call only before that begins: a call that has begun may have been carried out
 * before the commit of the write.
 */
export class Sender {
  readonly destination: EdgeDestination
  readonly #bucket: Bucket
  readonly #stop = new AbortController()
  readonly #waiting: Batch[] = []
  readonly #where = new Map<string, Batch>()
  #lanes = 0
  #confirmed = 0
  #failed = 0
  #error: string | undefined

  constructor (destination: EdgeDestination) {
    this.destination = destination
    this.#bucket = new Bucket(destination.limit)
    // Each call listens.
    setMaxListeners(0, this.#stop.signal)
  }

  /**
   * Resolves when the destination has confirmed the purge of all tags, in calls that began later.
   * @param left the spans of the writes, for a relay's purge; undefined for a writer's
   * @throws EdgeError, or the destination's own error
   */
  send (tags: readonly string[], left?: ReadonlySet<string>): Promise<void> {
    const delivery: EdgeDelivery = {
      destination: this.destination.name,
      by: left === undefined ? 'caller' : 'relay',
      tags: tags.length,
      traceparents: [...left ?? []],
      retries: 0,
      outcome: 'failed'
    }
    return tracedPurge(() => delivery, () => this.#sent(tags, delivery))
  }

  async #sent (tags: readonly string[], delivery: EdgeDelivery): Promise<void> {
    if (this.#stop.signal.aborted) throw new EdgeError('WEIR_EDGE_STOPPED', 'A purge was sent')
    const batches = new Set<Batch>()
    for (const tag of tags) {
      batches.add(this.#place(this.destination.isRaw === true ? tag : edgeTag(tag)))
    }
    // All of them begin before this function awaits one: none waits for another's failure.
    try {
      await Promise.all([...batches].map(({ done }) => done))
      delivery.outcome = 'confirmed'
    } catch (error) {
      if (asEdgeError(error).isPermanent) delivery.outcome = 'refused'
      throw error
    } finally {
      delivery.retries = Math.max(1, ...[...batches].map(({ attempts }) => attempts)) - 1
    }
  }

  /** Returns how the calls of this process have gone. */
  state () {
    const state: 'ok' | 'failing' | 'limited' =
      this.#bucket.delay() > 0 ? 'limited' : this.#error === undefined ? 'ok' : 'failing'
    return { state, error: this.#error, confirmed: this.#confirmed, failed: this.#failed }
  }

  /** Ends calls in progress and rejects those that wait. */
  stop (): void {
    this.#stop.abort(new EdgeError('WEIR_EDGE_STOPPED', 'A purge was sent'))
  }

  #place (tag: string): Batch {
    const joined = this.#where.get(tag)
    if (joined !== undefined) return joined
    const { maxTags = 100, maxBytes = 7000 } = this.destination
    const length = Buffer.byteLength(tag) + 1
    let batch = this.#waiting.at(-1)
    if (batch === undefined || batch.tags.size >= maxTags || batch.bytes + length > maxBytes) {
      batch = newBatch()
      this.#waiting.push(batch)
      this.#run()
    }
    batch.tags.add(tag)
    batch.bytes += length
    this.#where.set(tag, batch)
    return batch
  }

  #run (): void {
    if (this.#lanes >= (this.destination.concurrency ?? 4)) return
    this.#lanes++
    this.#lane().finally(() => { this.#lanes-- }).catch(() => {})
  }

  async #lane (): Promise<void> {
    // The rest of a ticket's tags joins first.
    await Promise.resolve()
    for (;;) {
      let error: unknown
      try {
        if (this.#waiting.length > 0) await this.#bucket.take(this.#stop.signal)
      } catch (stopped) {
        error = stopped
      }
      const batch = this.#waiting.shift()
      if (batch === undefined) return
      for (const tag of batch.tags) this.#where.delete(tag)
      batch.finish(error ?? await this.#tried(batch))
    }
  }

  /** Returns the error of the last attempt; undefined if one succeeded. */
  async #tried (batch: Batch): Promise<unknown> {
    const tags = [...batch.tags]
    for (;;) {
      batch.attempts++
      const error = await this.#call(tags)
      if (error === undefined) return undefined
      if (!this.#stop.signal.aborted) {
        emit('weir:edge:error', { destination: this.destination.name, operation: 'purge', error })
      }
      const { isPermanent, retryAfter } = asEdgeError(error)
      if (retryAfter !== undefined) this.#bucket.pause(retryAfter)
      if (isPermanent || batch.attempts === TRIES || this.#stop.signal.aborted) return error
      try {
        await wait(FIRST_PAUSE * 2 ** batch.attempts * (0.5 + Math.random() / 2), undefined, {
          signal: this.#stop.signal
        })
        await this.#bucket.take(this.#stop.signal)
      } catch {
        return error
      }
    }
  }

  async #call (tags: readonly string[]): Promise<unknown> {
    const { name, timeout = 2000 } = this.destination
    const began = performance.now()
    const abort = new AbortController()
    const end = () => { abort.abort(this.#stop.signal.reason) }
    this.#stop.signal.addEventListener('abort', end)
    try {
      const late = () => new EdgeError(
        'WEIR_EDGE_UNREACHABLE', `${name} did not confirm a purge within ${timeout} ms`)
      await within(timeout, this.destination.purge(tags, { signal: abort.signal }), late)
      const milliseconds = performance.now() - began
      this.#confirmed += tags.length
      this.#error = undefined
      emit('weir:edge:purge', { destination: name, tags: tags.length, milliseconds })
      return undefined
    } catch (error) {
      this.#failed++
      this.#error = reasonOf(error)
      return error ?? new EdgeError('WEIR_EDGE_UNREACHABLE', `${name} failed without an error`)
    } finally {
      this.#stop.signal.removeEventListener('abort', end)
      // The call is over for this sender: a late answer is not waited for.
      abort.abort()
    }
  }
}

function newBatch (): Batch {
  let finish: (error?: unknown) => void = () => {}
  const done = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (error === undefined) resolve()
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it came
      else reject(error)
    }
  })
  // Callers may have gone.
  done.catch(() => {})
  return { tags: new Set(), bytes: 0, attempts: 0, done, finish }
}

const asEdgeError = (error: unknown): { isPermanent: boolean, retryAfter: number | undefined } =>
  error instanceof EdgeError ? error : { isPermanent: false, retryAfter: undefined }
