import { type Result } from './result.js'

/** Input and resources of a scenario. */
export interface Surroundings {
  /** Scheme and host of the suite under load. */
  readonly url: string
  /** Duration of each part. */
  readonly seconds: number
  /** Number of connections, if given. */
  readonly connections: number | undefined
  /** Upper bound of requests per second. */
  readonly rate: number | undefined
  /** Token of a user who may write. */
  readonly token: string | undefined
  /** Aborted when the scenario must end. */
  readonly signal: AbortSignal
  /** Reports progress. */
  readonly say: (what: string) => void
  /** Adds a remark for readers of the figures to the report. */
  readonly note: (text: string) => void
}

export interface Scenario {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  /** Names of its parts. */
  readonly parts: readonly string[]
  readonly needsToken?: true
  /**
   * The scenario runs only by name, not as one of `all`: for this duration and rate unless options
   * say otherwise.
   */
  readonly alone?: { readonly seconds: number, readonly rate: number }
  /** @throws LoadError */
  run (around: Surroundings): Promise<Result[]>
}
