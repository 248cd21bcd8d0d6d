import { type Amount, canBe } from './amounts.js'

/**
 * Reads values of any type. An impossible one becomes null, and is recorded. Open-Meteo itself
 * sends null for values that a model does not know.
 */
export class Oddities {
  readonly #found: string[] = []

  /** Paths of the first few impossible values. */
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
