/** Violation reported by Ajv; Fastify and env-schema both pass it on. */
export interface Violation {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string | undefined
}

/** One invalid field, for readers: `{ field: 'price.amount', message: 'must be >= 0' }`. */
export interface FieldError {
  field: string
  message: string
}

/**
 * Converts Ajv's violations to one error per field. `whole` names the value itself, for violations
 * that do not concern a field of it.
 *
 * @example fieldErrors(error.validation, 'body')
 */
export function fieldErrors (violations: readonly Violation[], whole: string): FieldError[] {
  const byField = new Map<string, Violation[]>()
  for (const violation of violations) {
    const field = fieldOf(violation) || whole
    const found = byField.get(field)
    if (found === undefined) byField.set(field, [violation])
    else found.push(violation)
  }
  return Array.from(byField, ([field, found]) => ({ field, message: messageOf(found) }))
}

function fieldOf ({ instancePath, params }: Violation): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  // The missing or unexpected field is not in the path: Ajv refers to the enclosing object.
  const named =
    params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty']
  if (typeof named === 'string') path.push(named)
  return path.join('.')
}

/**
 * Combines the violations of a union: one per branch, and one for the union, which adds nothing.
 */
function messageOf (violations: readonly Violation[]): string {
  const allowed = violations.flatMap(({ keyword, params }): unknown[] => {
    if (keyword === 'const') return [params['allowedValue']]
    return keyword === 'enum' && Array.isArray(params['allowedValues'])
      ? params['allowedValues']
      : []
  })
  const messages = violations
    .filter(({ keyword }) => !['const', 'enum', 'anyOf', 'oneOf'].includes(keyword))
    .map(oneMessage)
  if (allowed.length > 0) {
    messages.push(
      'must be ' +
      `${allowed.length > 1 ? 'one of ' : ''}${allowed.map((value) => JSON.stringify(value)).join(', ')}`
    )
  }
  return [...new Set(messages)].join(' or ') || 'is not valid'
}

/** Patterns of texts that any database can store, in words. */
const IN_WORDS: ReadonlyMap<unknown, string> = new Map([
  ['^[^\\u0000]*$', 'must not contain the character NUL'],
  ['^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$', 'must be more than white space, without the character NUL']
])

function oneMessage ({ keyword, message, params }: Violation): string {
  const words = keyword === 'pattern' ? IN_WORDS.get(params['pattern']) : undefined
  if (words !== undefined) return words
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    return 'is not known here'
  }
  return message ?? 'is not valid'
}
