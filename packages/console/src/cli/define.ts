import { parseArgs } from 'node:util'
import { type Command, type Io, UsageError } from './command.js'

/** A failure that is reported in one sentence, without a stack. */
export class Failure extends Error {}

const HELP: Options = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } }
/** Options of commands that connect to a Redis. */
export const REDIS: Options = { redis: { type: 'string' }, prefix: { type: 'string' } }

type Options = Readonly<
  Record<string, { type: 'string' | 'boolean', short?: string, multiple?: boolean }>
>

/** The command-specific parts of a command. */
export interface Definition {
  readonly name: string
  readonly summary: string
  /** The text after `Usage: weir NAME`: the arguments, then the meaning of each option. */
  readonly usage: string
  readonly options: Options
  /** Minimum and maximum number of positional arguments. Default: none. */
  readonly positionals?: { readonly least: number, readonly most: number }
  readonly run: (given: Given, io: Io) => Promise<number>
}

/** The parsed arguments of a call, by option name. */
export interface Given {
  text (name: string): string | undefined
  /** Returns the values of a repeatable option. */
  texts (name: string): readonly string[]
  flag (name: string): boolean
  readonly positionals: readonly string[]
}

/**
 * Creates a command. `--help` prints the usage. Invalid arguments print one sentence and the usage
 * to stderr and exit with 2. Failures print one sentence and exit with 1.
 */
export function define (
  { name, summary, usage, options, positionals = { least: 0, most: 0 }, run }: Definition
): Command {
  const whole = `Usage: weir ${name} ${usage.trim()}\n`
  return {
    summary,
    usage: whole,
    async run (args, io) {
      try {
        const given = parsed(args, options)
        if (given.flag('help')) {
          io.stdout.write(`${summary}\n\n${whole}`)
          return 0
        }
        const { length } = given.positionals
        if (length < positionals.least) throw new UsageError('An argument is missing')
        if (length > positionals.most) {
          throw new UsageError(`There is an argument too many: ${given.positionals.at(-1)}`)
        }
        return await run(given, io)
      } catch (error) {
        if (error instanceof UsageError) {
          io.stderr.write(`weir ${name}: ${error.message}.\n\n${whole}`)
          return 2
        }
        if (io.signal.aborted) return 130
        io.stderr.write(`weir ${name}: ${reasonOf(error)}\n`)
        return 1
      }
    }
  }
}

function parsed (args: readonly string[], options: Options): Given {
  const { values, positionals } = read(args, options)
  return {
    positionals,
    text (name) {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    texts: (name) => [values[name] ?? []].flat().map(String),
    flag: (name) => values[name] === true
  }
}

function read (args: readonly string[], options: Options) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, ...HELP },
      allowPositionals: true,
      strict: true
    })
  } catch (error) {
    // Keep only the first sentence, which states the error; the rest is about the parsing library.
    throw new UsageError(String(error instanceof Error ? error.message : error).split('. ')[0])
  }
}

/** Returns the innermost cause of an error, in one line. */
export function reasonOf (error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors.length > 0) {
    return reasonOf(deepest.errors[0])
  }
  return deepest instanceof Error ? deepest.message : String(deepest)
}

/** Returns an option as a whole number. */
export function wholeNumber (given: Given, name: string, otherwise: number): number {
  const text = given.text(name)
  if (text === undefined) return otherwise
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} ${text} is not a whole number`)
}

/** Returns the URL of the Redis to use: `--redis`, or REDIS_URL. */
export function redisUrl (given: Given, { env }: Io): string {
  const url = given.text('redis') ?? env['REDIS_URL']
  if (url === undefined || url === '') {
    throw new UsageError('Which Redis is meant: give --redis URL, or set REDIS_URL')
  }
  return url
}

/** Prints a value as JSON, for scripts. */
export const printJson = (io: Io, value: unknown): void => {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
