/**
 * Makes the Link field of a list that goes on (RFC 8288): its target is the list's own path with
 * `after` and the other parameters that were given.
 */
export function linkToNext (
  after: string,
  others: Readonly<Record<string, string | number | undefined>>
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) query.set(name, String(value))
  }
  query.set('after', after)
  return `</api/products?${query.toString()}>; rel="next"`
}
