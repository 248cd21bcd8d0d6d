import { readingsOf, type SqlText } from './sql-text.js'

const VOLATILE = new RegExp(
  '\\b(?:' +
    '(?:random|random_normal|randomblob|setseed|now|(?:clock|statement|transaction)_timestamp|timeofday|gen_random_\\w+|uuid_generate_v\\d\\w*' +
    '|uuidv\\d|nextval|currval|lastval|setval|changes|total_changes|last_insert_rowid|current_setting|current_query|current_schemas' +
    '|set_config|txid_\\w+|pg_\\w+|inet_\\w+)\\s*\\(' +
    '|current_(?:timestamp|date|time|user|role|schema|catalog)\\b|localtime(?:stamp)?\\b|session_user\\b|tablesample\\b)',
  'i'
)

/** Statements without any of these need no closer look. */
const HINT =
  /random|now|time|uuid|gen_|(?:next|curr|last|set)val|setseed|changes|last_insert|current_|_config|txid_|pg_|inet_|session_user|tablesample|date|julianday|unixepoch|strftime|age|today|tomorrow|yesterday/i

/** Time functions, and the number of arguments from which they do not use the clock. */
const TIME_FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['date', 1],
  ['time', 1],
  ['datetime', 1],
  ['julianday', 1],
  ['unixepoch', 1],
  ['strftime', 2],
  ['timediff', 2],
  ['age', 2]
])
const TIME_CALL = new RegExp(`\\b(${[...TIME_FUNCTIONS.keys()].join('|')})\\s*\\(`, 'gi')

/** Texts that both databases accept as the current time. */
const NOW = /^[^a-z]*now[^a-z]*$/i
/**
 * Texts that Postgres accepts, where a date is expected, as a relative day, optionally with a time
 * of day and zone.
 */
const DAY =
  /^[^a-z]*(?:now|today|tomorrow|yesterday)(?:[^a-z]*|[^a-z]*\d[^a-z]*[a-z][a-z_/]*[^a-z]*)$/i

const TYPE = '(?:date|time|timetz|timestamp|timestamptz)\\b'
const TEXT = /'(\d+)'/g
const BEFORE_DAY = new RegExp(`(?:[<>=+-]|\\b(?:between|and|in|cast)|${TYPE})\\s*\\(?\\s*$`, 'i')
const PARAMETER = /\?|\$(\d+)/g
const CAST_PARAMETER = new RegExp(
  `(\\?|\\$\\d+)\\s*::\\s*${TYPE}|\\bcast\\s*\\(\\s*(\\?|\\$\\d+)\\s+as\\s+${TYPE}`,
  'gi'
)

/**
 * Returns the part of a statement that gives another result for each call or connection; undefined
 * if there is none.
 */
export function volatilePart (
  sql: string,
  parameters: readonly unknown[] = []
): string | undefined {
  if (!HINT.test(sql)) return undefined
  for (const reading of readingsOf(sql)) {
    const part =
      VOLATILE.exec(reading.code)?.[0] ??
      textIn(reading) ??
      callIn(reading, parameters) ??
      castIn(reading, parameters)
    if (part !== undefined) return part
  }
  return undefined
}

function textIn ({ code, texts }: SqlText): string | undefined {
  for (const found of code.matchAll(TEXT)) {
    const text = texts[Number(found[1])] ?? ''
    const after = code.slice(found.index + found[0].length)
    if (
      NOW.test(text) ||
      (DAY.test(text) && (/^\s*::/.test(after) || BEFORE_DAY.test(code.slice(0, found.index))))
    ) { return `'${text}'` }
  }
  return undefined
}

function callIn ({ code, texts }: SqlText, parameters: readonly unknown[]): string | undefined {
  for (const found of code.matchAll(TIME_CALL)) {
    const from = found.index + found[0].length
    const { end, count } = argumentsAt(code, from)
    if (count < (TIME_FUNCTIONS.get((found[1] ?? '').toLowerCase()) ?? 0)) return found[0]
    // SQLite treats a double-quoted name that is not a column as a text.
    const names = [...code.slice(from, end).matchAll(/"(\d+)"/g)].map(([, at]) => texts[Number(at)])
    const values = [...placesIn(code, from, end)].map((place) => parameters[place])
    if ([...names, ...values].some(isDay)) return found[0]
  }
  return undefined
}

function castIn ({ code }: SqlText, parameters: readonly unknown[]): string | undefined {
  for (const found of code.matchAll(CAST_PARAMETER)) {
    const [place] = placesIn(code, found.index, found.index + found[0].length)
    if (place !== undefined && isDay(parameters[place])) return `'${String(parameters[place])}'`
  }
  return undefined
}

const isDay = (value: unknown) => typeof value === 'string' && DAY.test(value)

function argumentsAt (
  code: string,
  from: number
): { readonly end: number; readonly count: number } {
  let [end, depth, commas] = [from, 0, 0]
  for (; end < code.length && depth >= 0; end++) {
    if (code[end] === '(') depth++
    else if (code[end] === ')') depth--
    else if (code[end] === ',' && depth === 0) commas++
  }
  return { end, count: /^\s*\)/.test(code.slice(from)) ? 0 : commas + 1 }
}

/**
 * Yields the positions in the parameters used in the range: `$2` is the second, `?` follows the
 * order.
 */
function * placesIn (code: string, from: number, end: number): Generator<number> {
  let place = 0
  for (const found of code.matchAll(PARAMETER)) {
    if (found.index >= from && found.index < end) {
      yield found[1] === undefined ? place : Number(found[1]) - 1
    }
    place++
  }
}
