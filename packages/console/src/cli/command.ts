import type { Writable } from 'node:stream'

/** The streams and environment of a command. Tests pass their own. */
export interface Io {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: NodeJS.ProcessEnv
  /** Whether stdout is a terminal. Colors and redrawn screens are used only on terminals. */
  readonly isTTY: boolean
  /** Width of the terminal in characters. Default: tables are as wide as their content. */
  readonly columns?: number | undefined
  /** Aborted by Ctrl-C and SIGTERM. The command then stops its work and returns. */
  readonly signal: AbortSignal
}

/** One command of `weir`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The text of `weir NAME --help`. Its first line begins with "Usage: weir NAME". */
  readonly usage: string
  /**
   * Runs the command and resolves to the exit code of the process. A `UsageError` or an error of
   * `parseArgs` is printed with the usage, and the exit code is 2.
   */
  run (args: readonly string[], io: Io): Promise<number>
}

/** Thrown for invalid arguments. The message is one sentence that states what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
