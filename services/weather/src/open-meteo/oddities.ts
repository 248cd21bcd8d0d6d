import { type Amount, canBe } from './amounts.js'

/**
 * Reads values that may be anything. One that cannot be what it stands for is null, and is noted.
 * Null itself is what Open-Meteo says where a model does not know.
 */
export class Oddities {
  readonly #found: string[] = []

  /** Paths of the first few such values. */
  get found (): readonly string[] {
    return this.#found
  }

  note (path: string): null {
    if (this.#found.length < MOST_NOTED) this.#found.push(path)
    return null
  }

  amount (amount: Amount, value: unknown, path: string): number | null {
    if (value === null || canBe(amount, value)) return value
    return this.note(path)
  }
}

const MOST_NOTED = 10
