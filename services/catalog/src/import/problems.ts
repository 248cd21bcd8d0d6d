/** A row that cannot be imported: where it begins, and all that is wrong with it. */
export interface RowProblem {
  readonly line: number
  readonly problem: string
}

/** The bad rows of a file: all are counted, the first of them kept to be shown. */
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

  /** Takes `first` of `count` problems, both in the order of their lines. */
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
