import { parseArgs } from 'node:util'
import type { Order } from './subject.js'
import { type Transport, TRANSPORTS } from './transports.js'

const ORDERS: readonly Order[] = ['before', 'after']

/** The options of the command line. */
export interface Wish {
  readonly seconds: number
  readonly seed: string
  /** File for the result, as JSON. */
  readonly json: string | undefined
  /** Names of subjects; undefined for all. */
  readonly only: readonly string[] | undefined
  /** Requests per application. Default: as many as its share of the time allows. */
  readonly requests: number | undefined
  /** Undefined: all transports, one after the other. */
  readonly transport: Transport | undefined
  /** Undefined: chosen by the seed. */
  readonly order: Order | undefined
}

export const usage = `npm run test:transparency [-- OPTIONS]

Builds applications with popular plugins twice, with Weir and without, sends both the same requests, and looks for answers that
tell them apart.

  --seconds N       how long (60)
  --seed TEXT       repeats the requests of an earlier run
  --json FILE       writes what was found to a file
  --only A,B        these applications only
  --requests N      this many requests per application, whatever the time
  --transport NAME  one of ${TRANSPORTS.join(', ')} (one after the other)
  --order ORDER     Weir before the plugin under test or after it (either)
  --help            this`

/** The command line is wrong. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments (
  args: readonly string[],
  subjects: readonly string[]
): Wish | 'help' {
  const { help, seconds, seed, json, only, requests, transport, order } = parsed(args)
  if (help) return 'help'
  return {
    seconds: positive('seconds', seconds),
    seed: seed ?? String(Math.floor(Math.random() * 1e9)),
    json,
    only: only?.split(',').map((name) => oneOf('only', name, subjects)),
    requests: requests === undefined ? undefined : positive('requests', requests),
    transport: transport === undefined ? undefined : oneOf('transport', transport, TRANSPORTS),
    order: order === undefined ? undefined : oneOf('order', order, ORDERS)
  }
}

function oneOf<T extends string> (option: string, given: string, possible: readonly T[]): T {
  const found = possible.find((name) => name === given)
  if (found === undefined) {
    throw new UsageError(`--${option} ${given}: one of ${possible.join(', ')}`)
  }
  return found
}

function positive (name: string, text: string): number {
  const number = Number(text)
  if (!(Number.isInteger(number) && number > 0)) {
    throw new UsageError(`--${name} ${text}: a whole number, 1 or more`)
  }
  return number
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        json: { type: 'string' },
        only: { type: 'string' },
        requests: { type: 'string' },
        transport: { type: 'string' },
        order: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false }
      }
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
