/** The data of one application: versions of items, by name. */
export class State {
  readonly #versions = new Map<string, number>()

  version (name: string): number {
    return this.#versions.get(name) ?? 1
  }

  bump (name: string): number {
    this.#versions.set(name, (this.#versions.get(name) ?? 1) + 1)
    return this.version(name)
  }
}
