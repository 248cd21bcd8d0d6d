import { parseArgs } from 'node:util'
import { type Command, type Io, UsageError } from './command.js'

/** A failure that is reported in one sentence, without a stack. */
export class Failure extends Error {
  /** @param code stable name, for scripts */
  constructor (message: string, readonly code = 'WEIR_CLI_FAILED') {
    super(message)
  }
}

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
 * to stderr and exit with 2. Failures print one sentence and exit with 1. With `--json`, stdout
 * then has `{ error: { code, message } }`.
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
          throw new UsageError(`Unexpected argument: ${given.positionals.at(-1)}`)
        }
        return await run(given, io)
      } catch (error) {
        const isUsage = isWrongArgument(error)
        if (!isUsage && io.signal.aborted) return 130
        const message = reasonOf(error).replace(/\.$/, '')
        if (args.includes('--json')) {
          const code = isUsage ? 'WEIR_CLI_USAGE' : codeOf(error)
          printJson(io, { error: { code, message } })
        }
        io.stderr.write(`weir ${name}: ${message}.\n${isUsage ? `\n${whole}` : ''}`)
        return isUsage ? 2 : 1
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
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\.?\n|\. /)
    const [, name] = /(--[\w-]+).*argument is ambiguous$/.exec(first) ?? []
    throw new UsageError(
      name === undefined ? first : `${name} needs a value that does not begin with a hyphen`
    )
  }
}

/** Whether an error is about the arguments. The cache checks namespaces, tags and cursors. */
const isWrongArgument = (error: unknown): boolean =>
  error instanceof UsageError || codeOf(error).startsWith('WEIR_CACHE_INVALID_')

/** Returns the code of an error, for scripts. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'WEIR_CLI_FAILED'

/** Returns the innermost cause of an error, in one line. */
export function reasonOf (error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors.length > 0) {
    return reasonOf(deepest.errors[0])
  }
  if (!(deepest instanceof Error)) return String(deepest)
  const { message, name } = deepest
  const code = 'code' in deepest ? String(deepest.code) : name
  return (message === '' ? code : message).replace(/^redisStore: /, '')
}

/** Returns an option as a whole number. */
export function wholeNumber (given: Given, name: string, otherwise: number): number {
  const text = given.text(name)
  if (text === undefined) return otherwise
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} ${text} is not a whole number`)
}

/** The message for a command without a Redis. */
export const NO_REDIS = 'No Redis given: use --redis URL, or set REDIS_URL'

/** Returns the URL of the Redis to use: `--redis`, or REDIS_URL. */
export function redisUrl (given: Given, { env }: Io): string {
  const url = given.text('redis') ?? env['REDIS_URL']
  if (url === undefined || url === '') {
    throw new UsageError(NO_REDIS)
  }
  return url
}

/** Prints a value as JSON, for scripts. */
export const printJson = (io: Io, value: unknown): void => {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
