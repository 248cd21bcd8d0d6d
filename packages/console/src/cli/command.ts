import type { Writable } from 'node:stream'

/** The streams and the environment of a command; tests give their own. */
export interface Io {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: NodeJS.ProcessEnv
  /** Whether stdout is a terminal: colors and redrawn screens are for terminals alone. */
  readonly isTTY: boolean
  /** Aborted by Ctrl-C and by SIGTERM: the command ends what it does and returns. */
  readonly signal: AbortSignal
}

/** One command of `weir`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The text of `weir NAME --help`: its first line begins with "Usage: weir NAME". */
  readonly usage: string
  /**
   * Runs the command; resolves to the exit code of the process. A `UsageError`, or an error of
   * `parseArgs`, is printed with the usage, and the exit code is 2.
   */
  run (args: readonly string[], io: Io): Promise<number>
}

/** Arguments that a command cannot use. The message is one sentence that says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
