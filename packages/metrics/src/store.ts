import { type InstanceState, type MinuteRecord } from './record.js'

/** Receives the counts of instances, and returns them. */
export interface MetricsStore {
  readonly kind: 'memory' | 'redis' | 'sqlite'
  /**
   * Stores an instance's state and records.
   *
   * Safe to repeat or to arrive late: a record only replaces one of its process and minute with a
   * lower `seq`.
   * @returns whether the store already knew this process: an unknown process has to send everything
   */
  write (state: InstanceState, records: readonly MinuteRecord[]): Promise<boolean>
  /** Returns the records since this minute, at most a day back: older ones are deleted. */
  read (sinceMinute: number): Promise<MinuteRecord[]>
  /** Returns the last state of each process that reported within a day. */
  instances (): Promise<InstanceState[]>
  /** Requests to instances. Left out by a store that has none: consoles can only look then. */
  readonly requests?: Requests
  close (): void | Promise<void>
}

/**
 * Boxes of requests that consoles and programs leave to instances.
 *
 * A request stays until it is finished, at most a day. One that is taken and not finished, because
 * the instance died, can be taken again after 10 s: carrying it out twice must be harmless.
 */
export interface Requests {
  /** Puts a request, any text, into a box. */
  send (box: string, request: string): Promise<void>
  /** Takes the first requests of a box. */
  take (box: string, limit: number): Promise<string[]>
  /** Deletes a request that was carried out. */
  finish (box: string, request: string): Promise<void>
  /** Reports whether a request is still in its box. */
  has (box: string, request: string): Promise<boolean>
}
