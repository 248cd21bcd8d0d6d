import { type InstanceState, type MinuteRecord } from './record.js'

/** Where instances tell what they have counted, and where it is read. */
export interface MetricsStore {
  readonly kind: 'memory' | 'redis' | 'sqlite'
  /**
   * Tells how the instance is, and its records. Safe to repeat, and to come late: a record only
   * ever replaces one of its process and minute with a lower `seq`.
   * @returns whether it knew this process before: one that it does not know, or not any more, has
   *   to tell it everything
   */
  write (state: InstanceState, records: readonly MinuteRecord[]): Promise<boolean>
  /** The records of this minute and those after it, of a day at most: older ones are gone. */
  read (sinceMinute: number): Promise<MinuteRecord[]>
  /** The last that each process told of itself, within a day. */
  instances (): Promise<InstanceState[]>
  close (): void | Promise<void>
}
