/**
 * Returns the Link field of a list with further pages (RFC 8288): its target is the list's own path
 * with `after` and the other given parameters.
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
