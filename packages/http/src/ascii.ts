/**
 * Percent-encodes, as UTF-8, what a structured field String cannot carry (RFC 9651 3.3.3: printable ASCII only).
 * The same text always gives the same result, which is all that a cache key or a tag needs.
 */
export function toPrintableAscii (text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (run) => {
    let encoded = ''
    for (const byte of Buffer.from(run)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return encoded
  })
}
