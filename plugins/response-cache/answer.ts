import type { StoredAnswer } from '@weir/http'
import type { Fields } from './head.js'

/** A whole response, or what is sent of one. */
export interface Whole {
  readonly status: number
  readonly fields: Fields
  readonly body: Buffer
}

/** Fields that a 304 leaves out, because the client has them already (RFC 9110, 15.4.5). */
export const OF_THE_BODY: readonly string[] = ['content-type', 'content-encoding', 'content-language', 'content-length']
const NOTHING = Buffer.alloc(0)

/** A whole response as its client has asked for it: as a 304, by a range of it, or as it is. Its fields are the answer's from then on. */
export function answerAs (asked: StoredAnswer, whole: Whole): Whole {
  if (asked === 'whole') return whole
  const { fields } = whole
  if (asked === 'not-modified') {
    // Deleting makes an object slow.
    for (const name of OF_THE_BODY) if (fields[name] !== undefined) delete fields[name]
    return { status: 304, fields, body: NOTHING }
  }
  fields['content-range'] = asked.contentRange
  // The whole response's lifetime is not that of an error.
  if (asked.status === 416) for (const name of ['cache-control', 'expires']) Reflect.deleteProperty(fields, name)
  const body = asked.status === 206 ? whole.body.subarray(asked.first, asked.last + 1) : NOTHING
  fields['content-length'] = String(body.length)
  return { status: asked.status, fields, body }
}
