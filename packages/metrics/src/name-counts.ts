/** The name for counts without a name of their own. */
export const OTHERS = 'others'

// Maximum length of a name in characters. No legitimate name is longer.
const LONGEST = 200

/** Counts by name. The number of names is limited: later and overlong ones count as `others`. */
export class NameCounts {
  readonly #counts = new Map<string, number>()

  /** @param most maximum number of names besides `others` */
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

  /** Returns the counts added since, by name. */
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
