import { type Answer, textOf } from './exchange.js'

/** What is wrong with a 206 or 416 in place of a 200 with these bytes; undefined if nothing is. */
export function partDifference (range: string | undefined, whole: Buffer, { status, headers, body }: Answer): string | undefined {
  if (range === undefined) return `${status} for a request without a Range`
  const [, first, last, length] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(textOf(headers, 'content-range') ?? '') ?? []
  if (Number(length) !== whole.length) return `${status} of ${length} bytes and not ${whole.length}`
  const asked = /^bytes=(\d*)-(\d*)$/.exec(range)
  if (asked === null) return `${status} for ${range}`
  const [, from = '', to = ''] = asked
  const begin = from === '' ? Math.max(0, whole.length - Number(to)) : Number(from)
  if (status === 416) return begin < whole.length ? '416 for a part that is there' : undefined
  const end = from === '' || to === '' ? whole.length - 1 : Math.min(Number(to), whole.length - 1)
  if (Number(first) !== begin || Number(last) !== end) return `206 of ${first}-${last} and not ${begin}-${end}`
  return body.equals(whole.subarray(begin, end + 1)) ? undefined : '206 with other bytes'
}
