import { parseDictionary } from 'structured-headers'
import { fieldValue, type HeaderValue } from './headers.js'

/**
 * The parts of a query that select a response.
 *
 * This is the query variance of draft-ietf-httpbis-no-vary-search, section 4. Names are decoded,
 * sorted and listed once.
 */
export interface QueryVariance {
  /**
   * Whether the order of parameters is irrelevant; the order of values with the same name still
   * matters.
   */
  readonly anyOrder: boolean
  /** Whether only the parameters in `names` select, or all others. */
  readonly selecting: 'only' | 'others'
  readonly names: readonly string[]
}

/**
 * Parses a No-Vary-Search field (section 5).
 *
 * Undefined if no two queries would be equivalent: without a field, with an invalid one, and with
 * the default, such as `params=?0`. Unknown members are ignored.
 * @example
 * parseNoVarySearch('params, except=("id")')
 * // { anyOrder: false, selecting: 'only', names: ['id'] }
 */
export function parseNoVarySearch (field: HeaderValue): QueryVariance | undefined {
  const members = membersOf(field)
  if (members === undefined) return undefined
  const { 'key-order': anyOrder = false, params = false, except } = members
  if (typeof anyOrder !== 'boolean') return undefined
  const names = typeof params === 'boolean' ? [] : namesOf(params)
  const exceptions = except === undefined ? [] : namesOf(except)
  if (names === undefined || exceptions === undefined) return undefined
  if (params === true) return { anyOrder, selecting: 'only', names: exceptions }
  if (except !== undefined || (!anyOrder && names.length === 0)) return undefined
  return { anyOrder, selecting: 'others', names }
}

/**
 * Formats a No-Vary-Search field; equal variances give equal text. Names are form-urlencoded.
 * @example
 * formatNoVarySearch({ anyOrder: true, selecting: 'only', names: ['a', 'b'] })
 * // 'key-order, params, except=("a" "b")'
 */
export function formatNoVarySearch ({ anyOrder, selecting, names }: QueryVariance): string {
  // Form-urlencoded names contain neither quotes nor backslashes.
  const list =
    names.length === 0
      ? []
      : [
          `${selecting === 'only' ? 'except' : 'params'}=(${names.map((name) => `"${encoded(name)}"`).join(' ')})`
        ]
  return [
    ...(anyOrder ? ['key-order'] : []),
    ...(selecting === 'only' ? ['params'] : []),
    ...list
  ].join(', ')
}

/**
 * Reduces a query to the parameters that select a response.
 *
 * Two queries give the same text if and only if they are equivalent (section 6): parsed as
 * application/x-www-form-urlencoded, without the names that do not count, and sorted by name if
 * order does not matter.
 *
 * @param query with its question mark, or empty
 * @example
 * selectingQuery({ anyOrder: false, selecting: 'others', names: ['utm'] }, '?b=%31&utm=x&a')
 * // 'b=1&a='
 */
export function selectingQuery (
  { anyOrder, selecting, names }: QueryVariance,
  query: string
): string {
  const named = new Set(names)
  const pairs = [...new URLSearchParams(query)].filter(
    ([name]) => named.has(name) === (selecting === 'only')
  )
  if (anyOrder) pairs.sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1))
  return new URLSearchParams(pairs).toString()
}

function membersOf (field: HeaderValue): Readonly<Record<string, unknown>> | undefined {
  const text = fieldValue(field)
  if (text === undefined) return undefined
  try {
    return Object.fromEntries(
      [...parseDictionary(text)].map(([name, [value]]: readonly [string, readonly unknown[]]) => [
        name,
        value
      ])
    )
  } catch {
    return undefined
  }
}

/** Undefined unless the member is an inner list of strings. */
function namesOf (member: unknown): string[] | undefined {
  if (!Array.isArray(member)) return undefined
  const values = member.map(([value]: readonly unknown[]) => value)
  const names = values.filter((value) => typeof value === 'string')
  return names.length === values.length ? [...new Set(names.map(decoded))].sort() : undefined
}

/**
 * Section 5.3. A name is decoded as in a query, but characters that would separate parameters
 * belong to it.
 */
const decoded = (name: string): string => {
  const [[text] = ['']] = new URLSearchParams(
    `?${name.replaceAll('&', '%26').replaceAll('=', '%3D')}`
  )
  return text
}

const encoded = (name: string): string => new URLSearchParams([[name, '']]).toString().slice(0, -1)
