import { parseArgs } from 'node:util'
import type { Scenario } from './scenario.js'

/** What the command line asks for. */
export interface Wish {
  readonly scenarios: readonly Scenario[]
  /** A file for everything measured. */
  readonly json: string | undefined
  /** Fewer and shorter rounds. */
  readonly quick: boolean
}

/** The command line is wrong, or asks for help. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments (args: readonly string[], all: readonly Scenario[]): Wish | 'help' {
  const { values } = parsed(args)
  if (values.help) return 'help'
  if (values.json === '') throw new UsageError('--json needs the name of a file')
  const { only, json, quick } = values
  const scenarios = only === undefined ? all : all.filter(({ name }) => name === only)
  if (scenarios.length === 0) throw new UsageError(`--only ${only}: there is no such scenario`)
  return { scenarios, json, quick }
}

export function usage (all: readonly Scenario[]): string {
  return `npm run bench [-- --quick] [-- --json FILE] [-- --only SCENARIO]

  --quick          a fifth of the rounds, for a first look: figures spread more
  --json FILE      also write everything that was measured to FILE
  --only SCENARIO  run one of:
${all.map(({ name, about }) => `                     ${name.padEnd(13)} ${about}`).join('\n')}
  --help           this`
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
