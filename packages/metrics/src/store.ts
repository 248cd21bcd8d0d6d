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
  close (): void | Promise<void>
}
