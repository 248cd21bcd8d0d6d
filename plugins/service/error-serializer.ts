import { shown } from '@weir/internal'

// Maximum number of errors shown of a chain, and of one AggregateError.
const MOST = 10
// Invalid URLs, as in a TypeError of `new URL()`, which may contain a password.
const SECRET = new Set(['input', 'base'])

/** Error in the form of a log line. */
export interface SerializedError {
  readonly type: string
  readonly message: string
  readonly stack: string
  /** Cause of the error, with its own cause. */
  readonly cause?: SerializedError
  /** Errors of an AggregateError. */
  readonly errors?: readonly SerializedError[]
  /**
   * Properties of the error that are a text, a number or a boolean, such as `code`, or a plain
   * object of these.
   */
  [property: string]: unknown
}

/**
 * Serializes an error for the log with all of its causes, including thrown values of any type, and
 * the errors of an AggregateError. Redis commands are shown by name: arguments of AUTH are
 * passwords.
 */
export function serializeError (error: unknown): SerializedError {
  return serialize(error, new Set())
}

function serialize (error: unknown, seen: Set<unknown>): SerializedError {
  if (!(error instanceof Error)) return thrown(error)
  const type = error.constructor.name || error.name
  const { cause, message, stack = `${type}: ${message}` } = error
  if (seen.has(error) || seen.size >= MOST) return { type, message, stack: `${type}: ${message}` }
  seen.add(error)
  const errors: unknown = 'errors' in error ? error.errors : undefined
  return {
    type,
    message,
    ...ownProperties(error, seen),
    stack,
    ...(cause !== undefined && { cause: serialize(cause, seen) }),
    ...(Array.isArray(errors) && {
      errors: errors.slice(0, MOST).map((gathered) => serialize(gathered, seen))
    })
  }
}

/** Serializes a thrown value that is not an error. */
function thrown (value: unknown): SerializedError {
  const message = typeof value === 'string' ? value : shown(value)
  return { type: typeof value, message, stack: message }
}

function ownProperties (error: Error, seen: Set<unknown>): Record<string, unknown> {
  const properties: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(error)) {
    if (SECRET.has(name) || ['type', 'cause', 'errors', 'message', 'stack'].includes(name)) continue
    if (value instanceof Error) properties[name] = serialize(value, seen)
    else if (name === 'command') properties[name] = nameOf(value)
    else if (isPlain(value)) {
      properties[name] = Object.fromEntries(
        Object.entries(value).filter(([, member]) => isPrimitive(member))
      )
    } else if (isPrimitive(value)) properties[name] = value
  }
  return properties
}

const isPrimitive = (value: unknown): boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Returns the name of a command that ioredis attaches to a reply's error. */
function nameOf (command: unknown): unknown {
  return typeof command === 'object' && command !== null && 'name' in command
    ? command.name
    : undefined
}

/** Returns the stack of an error and of all its causes, for readers. */
export const stackOf = (error: unknown): string => stackOfSerialized(serializeError(error))

function stackOfSerialized ({ stack, cause, errors = [] }: SerializedError): string {
  return [
    stack,
    ...cause === undefined ? [] : [`caused by ${stackOfSerialized(cause)}`],
    ...errors.map((gathered) => `and ${stackOfSerialized(gathered)}`)
  ].join('\n')
}
