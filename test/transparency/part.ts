import { type Answer, textOf } from './exchange.js'

/**
 * Describes the error of a 206 or 416 in place of a 200 with these bytes; undefined if there is
 * none.
 */
export function partDifference (
  range: string | undefined,
  whole: Buffer,
  { status, headers, body }: Answer
): string | undefined {
  if (range === undefined) return `${status} for a request without a Range`
  const boundary = boundaryOf(headers)
  if (boundary !== undefined) return partsDifference(range, whole, body, boundary)
  const [, first, last, length] =
    /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(textOf(headers, 'content-range') ?? '') ?? []
  if (Number(length) !== whole.length) {
    return `${status} of ${length} bytes and not ${whole.length}`
  }
  const asked = /^bytes=(\d*)-(\d*)$/.exec(range)
  if (asked === null) return `${status} for ${range}`
  const [, from = '', to = ''] = asked
  const begin = from === '' ? Math.max(0, whole.length - Number(to)) : Number(from)
  if (status === 416) return begin < whole.length ? '416 for a part that is there' : undefined
  const end = from === '' || to === '' ? whole.length - 1 : Math.min(Number(to), whole.length - 1)
  if (Number(first) !== begin || Number(last) !== end) {
    return `206 of ${first}-${last} and not ${begin}-${end}`
  }
  return body.equals(whole.subarray(begin, end + 1)) ? undefined : '206 with other bytes'
}

/** The boundary of several ranges in one response. */
export const boundaryOf = (headers: Answer['headers']): string | undefined =>
  /^multipart\/byteranges; boundary=(\w+)$/.exec(textOf(headers, 'content-type') ?? '')?.[1]

/** Checks several ranges (RFC 9110, 14.6): each part like a 206 of its own. */
function partsDifference (
  range: string,
  whole: Buffer,
  body: Buffer,
  boundary: string
): string | undefined {
  const parts = body.toString('latin1').split(`--${boundary}`)
  const specs = range
    .replace(/^bytes=/, '')
    .split(',')
    .map((spec) => spec.trim())
  if (parts[0] !== '' || parts.at(-1) !== '--\r\n' || parts.length !== specs.length + 2) {
    return '206 with other parts'
  }
  for (const [i, spec] of specs.entries()) {
    const [head = '', ...content] = (parts[i + 1] ?? '').split('\r\n\r\n')
    const field = /^content-range: (.*)$/m.exec(head.replaceAll('\r', ''))?.[1]
    const bytes = Buffer.from(content.join('\r\n\r\n').replace(/\r\n$/, ''), 'latin1')
    const answer = {
      status: 206,
      headers: field === undefined ? {} : { 'content-range': field },
      body: bytes
    }
    const difference = partDifference(`bytes=${spec}`, whole, answer)
    if (difference !== undefined) return difference
  }
  return undefined
}
