import { type InstanceState, type MetricsStore, type MinuteRecord } from '@weir/metrics'

/** A store whose responses the test controls. Records the reads. */
export class SteeredStore implements MetricsStore {
  readonly kind = 'memory'
  records: MinuteRecord[] = []
  states: InstanceState[] = []
  /** `sinceMinute` of each read. */
  readonly reads: number[] = []
  /** Each read waits for this promise before it answers; a rejection makes the read fail. */
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
