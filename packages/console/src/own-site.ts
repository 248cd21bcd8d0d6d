import type { FastifyRequest } from 'fastify'
import { CONSOLE_ERR_NOT_JSON, CONSOLE_ERR_OTHER_SITE } from './errors.js'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
// `none` is a request of the user, such as one repeated from the address bar.
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none'])

/**
 * Refuses writes that a page of another site sends with the cookies of a visitor. Browsers name the
 * site in Sec-Fetch-Site or, over plain HTTP, in Origin; other clients may send neither. Bodies
 * must be JSON even if the application parses forms, because a form needs no CORS preflight.
 */
export async function refuseForeignWrites (request: FastifyRequest): Promise<void> {
  if (SAFE.has(request.method)) return
  const { origin, 'sec-fetch-site': site, 'content-type': type = '' } = request.headers
  const isOwn = site === undefined
    ? origin === undefined || isOfHost(origin, request.host)
    : OWN_SITES.has(String(site))
  if (!isOwn) throw new CONSOLE_ERR_OTHER_SITE(origin ?? String(site))
  if (!/^application\/json\s*(?:;|$)/i.test(type)) throw new CONSOLE_ERR_NOT_JSON()
}

/** Whether an origin has this host and port. The scheme is not known behind a proxy with TLS. */
function isOfHost (origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: ofOrigin } = new URL(origin)
  const target = `${protocol}//${host}`
  return URL.canParse(target) && new URL(target).host === ofOrigin
}
