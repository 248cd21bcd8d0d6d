/** Cleanup steps of a run, executed last first. */
export class Teardowns {
  readonly #all: (() => unknown)[] = []

  add (end: () => unknown): void {
    this.#all.push(end)
  }

  async run (): Promise<void> {
    for (const end of this.#all.splice(0).reverse()) await end()
  }
}
