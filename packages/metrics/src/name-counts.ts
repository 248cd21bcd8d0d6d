/** What is counted under no name of its own. */
export const OTHERS = 'others'

// Characters. A name that is longer is nobody's who means well.
const LONGEST = 200

/**
 * How often each name was counted. There are only so many: all that come later, and those that are
 * too long, are `others`.
 */
export class NameCounts {
  readonly #counts = new Map<string, number>()

  /** @param most how many names there are, besides `others` */
  constructor (readonly most: number) {}

  add (name: string): void {
    const count = this.#counts.get(name)
    const isFull = this.#counts.size >= this.most && name !== OTHERS
    if (count !== undefined) this.#counts.set(name, count + 1)
    else if (name.length > LONGEST || isFull) this.#addOther()
    else this.#counts.set(name, 1)
  }

  copy (): ReadonlyMap<string, number> {
    return new Map(this.#counts)
  }

  /** What has been added since, by name. */
  since (earlier: ReadonlyMap<string, number> | undefined): Record<string, number> {
    const added: [string, number][] = []
    for (const [name, count] of this.#counts) {
      const more = count - (earlier?.get(name) ?? 0)
      if (more > 0) added.push([name, more])
    }
    return Object.fromEntries(added)
  }

  #addOther (): void {
    this.#counts.set(OTHERS, (this.#counts.get(OTHERS) ?? 0) + 1)
  }
}
