import { gunzipSync } from 'node:zlib'
import { contentOf, languageOf, versionAt } from './resources.js'
import type { Step } from './trace.js'

/** A response as the client received it. Times are in ms. */
export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
  readonly sentAt: number
  readonly receivedAt: number
}

/** Age and Date count whole seconds, and caches round; ms. */
const ROUNDING = 1000

/** Checks the responses of one run. */
export class Checker {
  readonly #serials = new Set<string>()

  /** Returns the fault of a response in a word; undefined for a correct one. */
  fault (step: Step, answer: Received): string | undefined {
    const { resource, range } = step
    const { status, headers } = answer
    if (status === 206 ? range === undefined : status !== 200) return 'status'
    if (
      headers['content-encoding'] === 'gzip' &&
      !step.headers['accept-encoding']?.includes('gzip')
    ) { return 'encoding' }
    const body = decoded(answer)
    if (body === undefined) return 'encoding'
    const part = status === 206 ? range : undefined
    if (
      part !== undefined &&
      headers['content-range'] !== `bytes ${part[0]}-${part[1]}/${resource.size}`
    ) { return 'range' }
    if (resource.lifetime === 0) return this.#uncacheableFault(step, body, part)
    const language = languageOf(resource, step.headers['accept-language'])
    const oldest = versionAt(resource, answer.sentAt - resource.lifetime * 1000 - ROUNDING)
    const newest = versionAt(resource, answer.receivedAt)
    for (let version = newest; version >= oldest; version--) {
      if (isPartOf(contentOf(resource, version, language), body, part)) {
        return tagFault(answer, version)
      }
    }
    return part === undefined && !body.toString('latin1', 0, 100).includes(` ${language};`)
      ? 'variant'
      : 'content'
  }

  /** Responses that must not be stored have a serial number in place of the version. */
  #uncacheableFault ({ resource }: Step, body: Buffer, part: Step['range']): string | undefined {
    // The serial number of a part may be cut off: its length and first bytes are checked.
    if (part !== undefined) return body.length === part[1] - part[0] + 1 ? undefined : 'range'
    const [, serial = ''] = /^\d+ (#\d+) en;/.exec(body.toString('latin1', 0, 100)) ?? []
    if (!body.equals(contentOf(resource, serial, 'en'))) return 'content'
    if (this.#serials.has(serial)) return 'shared'
    this.#serials.add(serial)
    return undefined
  }
}

function decoded ({ headers, body }: Received): Buffer | undefined {
  if (headers['content-encoding'] !== 'gzip') return body
  try {
    return gunzipSync(body)
  } catch {
    return undefined
  }
}

function isPartOf (content: Buffer, body: Buffer, part: Step['range']): boolean {
  return body.equals(part === undefined ? content : content.subarray(part[0], part[1] + 1))
}

/** An entity tag of another version than the body's would confirm the wrong one later. */
function tagFault ({ headers }: Received, version: number): string | undefined {
  const { etag } = headers
  return typeof etag === 'string' && !etag.includes(`-${version}-`) ? 'etag' : undefined
}
