/** Row that cannot be imported: its first line, and all of its problems. */
export interface RowProblem {
  readonly line: number
  readonly problem: string
}

/** Bad rows of a file: all are counted, and the first ones are kept for display. */
export class Problems {
  static readonly SHOWN = 100
  #count = 0
  #first: RowProblem[] = []

  get count (): number {
    return this.#count
  }

  get first (): readonly RowProblem[] {
    return this.#first
  }

  /** Adds `first` of `count` problems, both in the order of their lines. */
  add (first: readonly RowProblem[], count = first.length): void {
    this.#count += count
    if (
      this.#first.length < Problems.SHOWN ||
      first.some(({ line }) => line < (this.#first.at(-1)?.line ?? Infinity))
    ) {
      this.#first = [...this.#first, ...first]
        .sort((a, b) => a.line - b.line)
        .slice(0, Problems.SHOWN)
    }
  }
}
