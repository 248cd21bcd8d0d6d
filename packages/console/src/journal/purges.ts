import { randomUUID } from 'node:crypto'
import { within } from '@weir/internal'
import {
  bounded, type JournalStore, JournalWriter, redactor, type RequestFacts
} from '@weir/metrics/journal'
import type { Invalidated } from '../keys/entries.js'

// Milliseconds for which an invalidation waits for the journal.
const TIMEOUT = 500

/**
 * Records in the journals of services the invalidations that this process makes, with the request
 * for them. Never fails, and delays its caller by 500 ms at most.
 */
export class Purges {
  readonly #store: JournalStore
  readonly #instance: string
  readonly #writers = new Map<string, JournalWriter>()

  constructor (store: JournalStore, instance: string) {
    this.#store = store
    this.#instance = instance
  }

  /** Records invalidations of a namespace; those of one without a journal are left out. */
  async record (
    namespace: string,
    invalidated: readonly Invalidated[],
    request: RequestFacts
  ): Promise<void> {
    const at = Date.now()
    const recorded = this.#record(namespace, invalidated, request, at)
    await within(TIMEOUT, recorded, () => new Error('late')).catch(() => {})
  }

  /** Writes what waits for the store, and that this process ends in good order. */
  async close (): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.close()))
  }

  async #record (
    namespace: string,
    invalidated: readonly Invalidated[],
    request: RequestFacts,
    at: number
  ): Promise<void> {
    if (!(await this.#store.namespaces()).includes(namespace)) return
    const [secret, { runs }] =
      await Promise.all([this.#store.secret(namespace), this.#store.coverage(namespace)])
    // Keys look as the services record them: otherwise a purged key would not be found.
    const names = runs.flatMap(({ redact = [] }) => redact)
    const redact = redactor([...new Set(names)], () => secret)
    const writer = this.#writerOf(namespace)
    for (const { stamp, tags } of invalidated) {
      const shown = tags.map((tag) => bounded(redact, tag))
      writer.add({ kind: 'invalidated', at, stamp, tags: shown, request })
    }
    await writer.flush()
  }

  #writerOf (namespace: string): JournalWriter {
    const known = this.#writers.get(namespace)
    if (known !== undefined) return known
    const writer = new JournalWriter({ store: this.#store, namespace, instance: this.#instance })
    this.#writers.set(namespace, writer)
    writer.start()
    return writer
  }
}

/** Returns a command as the journal records it: `weir purge (request …, shell:alice@laptop)`. */
export const commandFacts = (command: string, user: string): RequestFacts =>
  ({ method: 'weir', url: command, id: randomUUID(), client: `shell:${user}` })
