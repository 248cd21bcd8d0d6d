/**
 * Percent-encodes, as UTF-8, what a structured field String cannot carry (RFC 9651 3.3.3: printable
 * ASCII only). The same text always gives the same result, which is all that a cache key or a tag
 * needs.
 */
export function toPrintableAscii (text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (run) =>
    Buffer.from(run).toString('hex').toUpperCase().replace(/../g, '%$&')
  )
}
