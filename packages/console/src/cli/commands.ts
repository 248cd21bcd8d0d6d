import { advise } from './advise.js'
import { auditCommand } from './audit.js'
import { type Command } from './command.js'
import { consoleCommand } from './console.js'
import { doctor } from './doctor/index.js'
import { edge } from './edge.js'
import { get } from './get.js'
import { inspect } from './inspect.js'
import { keys } from './keys.js'
import { purge } from './purge.js'
import { top } from './top.js'
import { whyCommand } from './why.js'

/** The commands of `weir` by name, in the order in which help lists them. */
export const commands: Readonly<Record<string, Command>> = {
  console: consoleCommand,
  advise,
  audit: auditCommand,
  doctor,
  edge,
  get,
  inspect,
  keys,
  purge,
  top,
  why: whyCommand
}

/** The command that `weir` runs when no name is given. */
export const DEFAULT_COMMAND = 'console'
