/** Where invalidations go. It fails, or does not answer, when the test says so. */
export class InvalidationStore {
  readonly calls: (readonly string[])[] = []
  error: Error | undefined
  delay: Promise<void> | undefined
  /** How many tags it takes at once. */
  most = Infinity
  /** A tag that it never takes. */
  refused: string | undefined
  /** Happens first. */
  before: (() => Promise<void>) | undefined

  /** Of calls that were carried through. */
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
