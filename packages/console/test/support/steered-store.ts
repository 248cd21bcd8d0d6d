import { type InstanceState, type MetricsStore, type MinuteRecord } from '@weir/metrics'

/** A store that answers as it is told to. It notes what it is asked for. */
export class SteeredStore implements MetricsStore {
  readonly kind = 'memory'
  records: MinuteRecord[] = []
  states: InstanceState[] = []
  /** `sinceMinute` of each read. */
  readonly reads: number[] = []
  /** What each read waits for before it answers; it may reject. */
  until: Promise<unknown> = Promise.resolve()

  async write (): Promise<boolean> {
    throw new Error('Tests say themselves what there is.')
  }

  async read (sinceMinute: number): Promise<MinuteRecord[]> {
    this.reads.push(sinceMinute)
    await this.until
    return this.records.filter(({ minute }) => minute >= sinceMinute)
  }

  async instances (): Promise<InstanceState[]> {
    return this.states
  }

  close (): void {}
}
