import { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import {
  WEIR_ERR_CODING_NOT_IMPLEMENTED,
  WEIR_ERR_EXPECTATION,
  WEIR_ERR_HOST,
  WEIR_ERR_HTTP_VERSION
} from '../errors.js'

/**
 * Refuses requests that Node's parser accepts although they violate HTTP: an unsupported version, a
 * coding before `chunked`, a missing, repeated or malformed Host, and an expectation that cannot be
 * met. Node on its own answers a missing Host and the last without a body.
 */
export function checkProtocol (app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => {
    app.server.emit('request', request, response)
  })
  app.addHook('onRequest', ({ raw }, _reply, done) => { done(problemOf(raw)) })
}

/** Matches a name or an address, optionally with a port (RFC 9110 7.2, RFC 3986 3.2.2). */
const authority = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i

type Request = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersion'>

function problemOf (request: Request): Error | undefined {
  const { expect, 'transfer-encoding': coding, host = '' } = request.headers
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return new WEIR_ERR_EXPECTATION(expect)
  }
  // HTTP/2 has authorities in place of Host, and injected requests have no version.
  if (!(request instanceof IncomingMessage)) return undefined
  const { httpVersion, rawHeaders } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new WEIR_ERR_HTTP_VERSION(httpVersion)
  if (coding !== undefined && !/^[\s,]*chunked[\s,]*$/i.test(coding)) {
    return new WEIR_ERR_CODING_NOT_IMPLEMENTED(coding)
  }
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) return new WEIR_ERR_HOST('more than one')
  if (!authority.test(host)) return new WEIR_ERR_HOST('an invalid')
  return hosts === 0 && httpVersion === '1.1' ? new WEIR_ERR_HOST('no') : undefined
}
