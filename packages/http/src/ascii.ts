/**
 * Percent-encodes, as UTF-8, characters that a structured field String cannot contain.
 *
 * Strings are printable ASCII (RFC 9651 3.3.3). The same text always gives the same result, which
 * is sufficient for cache keys and tags.
 */
export function toPrintableAscii (text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (run) =>
    Buffer.from(run).toString('hex').toUpperCase().replace(/../g, '%$&')
  )
}
