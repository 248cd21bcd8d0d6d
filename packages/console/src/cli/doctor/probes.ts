import { varies } from './app.js'
import type { Asking } from './asking.js'
import { type Finding, problem } from './finding.js'

/**
 * A request header field that frameworks and proxies read, with a value that clients do not send.
 */
export interface Probe {
  readonly name: string
  readonly value: string
}

const HOST = 'weir-doctor.invalid'

export const PROBES: readonly Probe[] = [
  { name: 'X-Forwarded-Host', value: HOST },
  { name: 'X-Forwarded-Proto', value: 'weirdoctor' },
  { name: 'X-Forwarded-Prefix', value: '/weir-doctor' },
  { name: 'X-Forwarded-Port', value: '59999' },
  { name: 'X-Forwarded-Server', value: HOST },
  { name: 'X-Host', value: HOST },
  { name: 'X-Original-URL', value: '/weir-doctor' },
  { name: 'X-Rewrite-URL', value: '/weir-doctor' },
  { name: 'Forwarded', value: `host=${HOST}` },
  { name: 'Origin', value: `https://${HOST}` },
  { name: 'Accept-Language', value: 'tlh' },
  { name: 'Accept', value: 'application/weir-doctor' },
  { name: 'User-Agent', value: 'weir-doctor iPhone Mobile' }
]

/**
 * Fills an entry with the field, reads it without the field and compares the bodies: the field must
 * not influence the response to a client that does not send it.
 * @param control the body of a request without the field; undefined if it differs on each request
 */
export async function probe (
  { name, value }: Probe,
  asking: Asking,
  token: string,
  control: string | undefined
): Promise<Finding | undefined> {
  const { filled, read } = await asking.fresh(token, { [name]: value })
  if (varies(read, name) || !/;\s*hit\b/.test(read.headers.get('cache-status') ?? '')) {
    return undefined
  }
  const fields = [...read.headers]
    .filter(([, text]) => text.includes(value))
    .map(([field]) => field)
  const isInBody = read.text.includes(value)
  const isOther = control !== undefined && read.text === filled.text && read.text !== control
  if (!isInBody && !isOther && fields.length === 0) return undefined
  const where = isInBody || isOther ? 'the body' : fields.join(', ')
  return problem(
    'unkeyed',
    `${name} changes ${where} of a stored response and is not part of its key: one client decides what others get`,
    `Do not use ${name} on cached routes, trust it from your proxy only (trustProxy), or add it to Vary (config.cache.vary).`
  )
}
