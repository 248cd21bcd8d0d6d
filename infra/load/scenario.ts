import { type Result } from './result.js'

/** What a scenario is told, and what it may use. */
export interface Surroundings {
  /** Scheme and host of what is loaded. */
  readonly url: string
  /** How long each part takes. */
  readonly seconds: number
  /** If somebody has said how many. */
  readonly connections: number | undefined
  /** Requests a second that are not to be exceeded. */
  readonly rate: number | undefined
  /** Of somebody who may write. */
  readonly token: string | undefined
  /** Aborted when it is to end. */
  readonly signal: AbortSignal
  /** Tells what is happening. */
  readonly say: (what: string) => void
  /** Adds to the report what a reader of its figures has to know. */
  readonly note: (text: string) => void
}

export interface Scenario {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  /** What it measures. */
  readonly parts: readonly string[]
  readonly needsToken?: true
  /**
   * It runs when it is named, and not as one of `all`: for so long, and with so many requests a
   * second, unless told otherwise.
   */
  readonly alone?: { readonly seconds: number, readonly rate: number }
  /** @throws LoadError */
  run (around: Surroundings): Promise<Result[]>
}
