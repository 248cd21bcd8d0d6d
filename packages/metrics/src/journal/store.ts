import { randomBytes } from 'node:crypto'
import type { JournalEvent } from './event.js'

/** A process that writes to a journal. */
export interface JournalRun {
  /** Unique id of the process. */
  readonly run: string
  readonly instance: string
  /** ms since 1970, like all times. */
  readonly startedAt: number
  /** All of its events up to this time are in the journal, or in a gap. */
  readonly coveredTo: number
  /** Whether it closed in good order, so that nothing is missing after `coveredTo`. */
  readonly isEnded: boolean
  /** Parameters whose values it does not record, besides those that name secrets. */
  readonly redact?: readonly string[]
  /** Name of the key of its hashes: `keyName`. */
  readonly hashKey?: string
}

/** Events of one process, in the order in which they were recorded. */
export interface JournalBatch {
  readonly namespace: string
  readonly run: JournalRun
  /** Increases by one with each batch of a process. */
  readonly seq: number
  /** Times of the first and the last event. */
  readonly from: number
  readonly to: number
  /** Empty to report only how far the journal covers the process. */
  readonly events: readonly string[]
}

/** Batch of a journal, as it is read. */
export interface ReadBatch {
  readonly run: string
  readonly instance: string
  readonly events: readonly JournalEvent[]
}

/** One page of a journal. */
export interface JournalPage {
  /** Batches in the order of arrival. */
  readonly batches: readonly ReadBatch[]
  /** Undefined on the last page. */
  readonly cursor: string | undefined
}

/** The processes of a journal, and the time before which it has forgotten events. */
export interface JournalCoverage {
  readonly runs: readonly JournalRun[]
  /** Undefined while nothing has been dropped for lack of room or for age. */
  readonly forgottenTo: number | undefined
}

/** Keeps the journals of namespaces within bounds: `redisJournal`, `sqliteJournal`, … */
export interface JournalStore {
  readonly kind: 'memory' | 'redis' | 'sqlite'
  /** Adds a batch; a batch that has arrived already changes nothing. */
  append (batch: JournalBatch): Promise<void>
  /** Returns a page of the batches with events between two times, both inclusive. */
  read (
    namespace: string,
    range: { readonly from: number, readonly to: number, readonly cursor?: string | undefined }
  ): Promise<JournalPage>
  coverage (namespace: string): Promise<JournalCoverage>
  /** Returns the namespaces that have a journal. */
  namespaces (): Promise<string[]>
  /**
   * Returns the random key with which the instances of a namespace hash what they do not record;
   * the first call makes it.
   */
  secret (namespace: string): Promise<string>
  close (): void | Promise<void>
}

/** Bounds of a journal. */
export interface JournalLimits {
  /** Bytes that the events of one namespace may take in the store. Default 16 MiB. */
  readonly maxBytes?: number
  /** Milliseconds for which events are kept. Default a day. */
  readonly retain?: number
}

export const MAX_BYTES = 16 * 1024 * 1024
export const RETAIN = 86_400_000

// Milliseconds by which the clock of an instance may be ahead of the store's.
export const SKEW = 60_000

// Bytes of an entry in a store beside its events.
export const ENTRY_BYTES = 150

export const newSecret = (): string => randomBytes(24).toString('base64url')
