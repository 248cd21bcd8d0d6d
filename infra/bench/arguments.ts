import { parseArgs } from 'node:util'
import type { Scenario } from './scenario.js'

/** The options of the command line. */
export interface Wish {
  readonly scenarios: readonly Scenario[]
  /** File that receives all measurements as JSON. */
  readonly json: string | undefined
  /** Fewer and shorter rounds. */
  readonly quick: boolean
}

/** The command line is wrong or requests help. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments (args: readonly string[], all: readonly Scenario[]): Wish | 'help' {
  const { values } = parsed(args)
  if (values.help) return 'help'
  if (values.json === '') throw new UsageError('--json needs the name of a file')
  const { only, json, quick } = values
  const scenarios = only === undefined ? all : all.filter(({ name }) => name === only)
  if (scenarios.length === 0) throw new UsageError(`--only ${only}: no such scenario`)
  return { scenarios, json, quick }
}

export function usage (all: readonly Scenario[]): string {
  return `npm run bench [-- --quick] [-- --json FILE] [-- --only SCENARIO]

  --quick          a fifth of the rounds, for a first look, with a wider spread
  --json FILE      also write all measurements to FILE
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
