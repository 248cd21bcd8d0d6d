/** What Ajv says of one violation; Fastify and env-schema both pass it on. */
export interface Violation {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string | undefined
}

/**
 * One field that cannot be accepted, for people: `{ field: 'price.amount', message: 'must be >= 0'
 * }`.
 */
export interface FieldError {
  field: string
  message: string
}

/**
 * Turns Ajv's violations into one error a field. `whole` names the value itself, for violations
 * that are not about a field of it.
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
  // The field that is missing or not wanted is not in the path: Ajv points at the object around it.
  const named =
    params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty']
  if (typeof named === 'string') path.push(named)
  return path.join('.')
}

/** A union fails with one violation a branch and one for the union, which says nothing more. */
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
      `must be ${allowed.length > 1 ? 'one of ' : ''}${allowed.map((value) => JSON.stringify(value)).join(', ')}`
    )
  }
  return [...new Set(messages)].join(' or ') || 'is not valid'
}

function oneMessage ({ keyword, message }: Violation): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    return 'is not known here'
  }
  return message ?? 'is not valid'
}
