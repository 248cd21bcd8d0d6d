/** Where invalidations go. It fails, or does not answer, when the test says so. */
export class InvalidationStore {
  readonly calls: (readonly string[])[] = []
  error: Error | undefined
  delay: Promise<void> | undefined

  /** Of calls that were carried through. */
  readonly invalidated: string[][] = []

  readonly invalidate = async (tags: readonly string[]): Promise<void> => {
    this.calls.push(tags)
    if (this.error !== undefined) throw this.error
    await this.delay
    this.invalidated.push([...tags])
  }
}
