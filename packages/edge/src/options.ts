import { shown } from '@weir/internal'
import type { Kysely } from 'kysely'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import type { EdgeSchema } from './table.js'

/** Options of `createEdge`. Times are in milliseconds. */
export interface EdgeOptions {
  /**
   * The outbox's database, migrated with `edgeMigration`, too. Left out, for an application without
   * an outbox: purges and dead letters are in memory, and are lost with the process.
   */
  readonly db?: Kysely<EdgeSchema>
  /** Everything that is told of invalidations, each with a name of its own. */
  readonly destinations: readonly EdgeDestination[]
  /** Time for which a purge is left to its writer before the relay takes it over. Default 2000. */
  readonly handover?: number
  /** Time between two reads of the table by each destination's relay. Default 500. */
  readonly pollInterval?: number
  /** Rounds of the relay after which a purge becomes a dead letter. Default 50. */
  readonly maxAttempts?: number
  /** Time after which another instance takes over the relay of one that died. Default 5000. */
  readonly claim?: number
}

/** Returns the error of an invalid option. */
export const invalid = (option: string, given: unknown, advice: string) =>
  new EdgeError('WEIR_EDGE_INVALID_OPTION', `${option} ${shown(given)}: ${advice}`)

/**
 * Returns an http(s) URL without a final slash; refuses anything else.
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 */
export function checkUrl (option: string, given: unknown): string {
  if (typeof given === 'string' && URL.canParse(given) && /^https?:/.test(given)) {
    return given.replace(/\/$/, '')
  }
  throw invalid(option, given, 'use a URL such as http://10.0.0.1:6081')
}

/** Returns the URLs of all servers of a kind. @throws EdgeError WEIR_EDGE_INVALID_OPTION */
export function checkUrls (option: string, given: readonly string[], kind: string): string[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid(option, given, `list the address of every ${kind}`)
  }
  return given.map((url) => checkUrl(option, url))
}

/** Refuses anything but text. @throws EdgeError WEIR_EDGE_INVALID_OPTION */
export function checkText (option: string, given: unknown): string {
  // A secret is not shown.
  if (typeof given === 'string' && /^[\x21-\x7e]+$/.test(given)) return given
  throw new EdgeError('WEIR_EDGE_INVALID_OPTION', `${option}: use printable ASCII without spaces`)
}

const LONGEST = 2 ** 30

/** Applies the defaults. @throws EdgeError WEIR_EDGE_INVALID_OPTION */
export function resolveOptions ({
  db,
  destinations,
  handover = 2000,
  pollInterval = 500,
  maxAttempts = 50,
  claim = 5000,
  ...others
}: EdgeOptions) {
  const [unknown] = Object.entries(others)
  if (unknown !== undefined) throw invalid(unknown[0], unknown[1], 'unknown option')
  for (const [name, value] of Object.entries({ pollInterval, maxAttempts, claim })) {
    checkNumber(name, value, 1)
  }
  checkNumber('handover', handover, 0)
  const given: unknown = destinations
  if (!Array.isArray(given)) throw invalid('destinations', given, 'use a list')
  const names = new Set<string>()
  for (const destination of destinations) {
    checkDestination(destination)
    if (names.has(destination.name)) {
      throw invalid('destinations', destination.name, 'two have this name: give each its own')
    }
    names.add(destination.name)
  }
  return { db, destinations, handover, pollInterval, maxAttempts, claim }
}

function checkNumber (option: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= LONGEST) return
  throw invalid(option, value, `use a number from ${least} to ${LONGEST}`)
}

function checkDestination (destination: EdgeDestination): void {
  const { name, wait, again, limit } = destination
  const { maxTags = 1, maxBytes = 1, concurrency = 1, timeout = 1 } = destination
  if (typeof name !== 'string' || !/^[A-Za-z0-9-]{1,80}$/.test(name)) {
    throw invalid('destination.name', name, 'use up to 80 letters, digits and hyphens')
  }
  if (typeof Reflect.get(destination, 'purge') !== 'function') {
    throw invalid(`${name}.purge`, Reflect.get(destination, 'purge'), 'pass a function')
  }
  for (const [option, value] of Object.entries({ maxTags, maxBytes, concurrency, timeout })) {
    checkNumber(`${name}.${option}`, value, 1)
  }
  if (again !== undefined) checkNumber(`${name}.again`, again, 1)
  if (limit !== undefined) {
    checkNumber(`${name}.limit.calls`, limit.calls, 1)
    checkNumber(`${name}.limit.per`, limit.per, 1)
  }
  if (wait !== undefined && typeof wait !== 'boolean') checkNumber(`${name}.wait`, wait, 1)
}
