import { type Command } from './command.js'
import { consoleCommand } from './console.js'

/** The commands of `weir`, by name, in the order of its list. */
export const commands: Readonly<Record<string, Command>> = {
  console: consoleCommand
}

/** The command of `weir` without a name. */
export const DEFAULT_COMMAND = 'console'
