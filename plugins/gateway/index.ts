import { type IncomingHttpHeaders, METHODS } from 'node:http'
import { endToEndHeaders } from '@weir/http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Addressed, addressesOf } from '../client-address.js'
import {
  WEIR_ERR_BAD_GATEWAY,
  WEIR_ERR_GATEWAY_TIMEOUT,
  WEIR_ERR_PLUGIN_OPTION
} from '../errors.js'

/** Origin behind an application. */
export interface GatewayOrigin {
  /** Scheme, host and port, such as `http://127.0.0.1:3000`, without a path. */
  readonly origin: string
  /** Longest silence of the origin before and within its response, in ms. Default 30,000. */
  readonly timeout?: number
}

const NAME = 'weir-gateway'

// CONNECT is for forward proxies. TRACE would show clients the fields that intermediaries have
// added.
const REFUSED: ReadonlySet<string> = new Set(['CONNECT', 'TRACE'])

/**
 * Returns options for `@fastify/http-proxy` that make an application a gateway (RFC 9110, section
 * 3.7), and prepares the application: it accepts every method of Node's parser but TRACE, and
 * parses no body. Call it before routes are declared.
 *
 * - Hop-by-hop fields are not passed on; Via, X-Forwarded-For, -Host and -Proto are set (sections
 *   7.6.1, 7.6.3). X-Forwarded-* of a client counts only if Fastify's `trustProxy` trusts its
 *   address.
 * - Expect is answered here (section 10.1.1).
 * - A safe request is retried once if the origin has closed the connection.
 * - An unreachable origin is a 502, a late one a 504. Its certificate is verified.
 *
 * @throws WEIR_ERR_PLUGIN_OPTION for an invalid origin
 * @example
 * await app.register(httpProxy, {
 *   ...gatewayOptions(app, { origin: 'http://127.0.0.1:3000' }),
 *   config: { cache: {} }
 * })
 */
export function gatewayOptions (app: FastifyInstance, { origin, timeout = 30_000 }: GatewayOrigin) {
  if (!isOrigin(origin)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'origin',
      `must be scheme and host, like http://127.0.0.1:3000, not ${JSON.stringify(origin)}`
    )
  }
  if (!Number.isInteger(timeout) || timeout < 1) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'timeout',
      `must be a whole number of ms, not ${JSON.stringify(timeout)}`
    )
  }
  app.removeAllContentTypeParsers()
  for (const method of METHODS) {
    if (!REFUSED.has(method) && !app.supportedMethods.includes(method)) {
      app.addHttpMethod(method, { hasBody: true })
    }
  }
  return {
    upstream: origin,
    httpMethods: METHODS.filter((method) => !REFUSED.has(method)),
    disableRequestLogging: true,
    // Reply-from does not verify certificates by default.
    undici: {
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: { rejectUnauthorized: true }
    },
    replyOptions: {
      retriesCount: 1,
      rewriteRequestHeaders: requestHeaders,
      rewriteHeaders: endToEnd,
      onError: answerFor
    }
  }
}

const isOrigin = (text: unknown): text is string =>
  typeof text === 'string' &&
  /^https?:/.test(text) &&
  URL.canParse(text) &&
  new URL(text).origin === text

type Client = Addressed &
  Pick<FastifyRequest, 'host' | 'protocol'> & { readonly raw: { readonly httpVersion: string } }

function requestHeaders (client: Client, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { host, protocol, raw } = client
  const { expect, forwarded, via, ...passed } = endToEnd(headers)
  return {
    ...passed,
    via: `${via === undefined ? '' : `${via}, `}${raw.httpVersion} weir`,
    // The key includes this host and scheme: a response for others is not served.
    'x-forwarded-for': addressesOf(client).toReversed().join(', '),
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol
  }
}

function endToEnd (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = endToEndHeaders(headers)
  const passed = { ...headers }
  for (const name of Object.keys(passed)) if (!Object.hasOwn(kept, name)) delete passed[name]
  return passed
}

function answerFor (reply: { send (error: Error): unknown }, { error }: { error: Error }): void {
  const isLate = 'statusCode' in error && error.statusCode === 504
  reply.send(isLate ? new WEIR_ERR_GATEWAY_TIMEOUT() : new WEIR_ERR_BAD_GATEWAY())
}
