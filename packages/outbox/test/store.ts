/** The target of invalidations. It fails, or does not answer, when the test says so. */
export class InvalidationStore {
  readonly calls: (readonly string[])[] = []
  error: Error | undefined
  delay: Promise<void> | undefined
  /** Maximum number of tags it accepts at once. */
  most = Infinity
  /** A tag that it never accepts. */
  refused: string | undefined
  /** Runs before each call. */
  before: (() => Promise<void>) | undefined

  /** Tags of successful calls. */
  readonly invalidated: string[][] = []

  readonly invalidate = async (tags: readonly string[]): Promise<void> => {
    this.calls.push(tags)
    if (this.error !== undefined) throw this.error
    if (tags.length > this.most) throw new Error(`${tags.length} tags are too many`)
    if (this.refused !== undefined && tags.includes(this.refused)) {
      throw new Error(`${this.refused} is refused`)
    }
    await this.before?.()
    await this.delay
    this.invalidated.push([...tags])
  }
}
