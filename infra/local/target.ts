import { type IncomingMessage } from 'node:http'

/**
 * Returns path and query of a request target. An absolute-form target also has the authority, which
 * overrides Host (RFC 9112, section 3.2.2); an HTTP/1.0 request without Host gets a default. Both
 * become the request's Host.
 */
export function originForm (
  request: Pick<IncomingMessage, 'url' | 'headers' | 'httpVersion' | 'socket'>
): string {
  const { url = '/' } = request
  const [, authority, target = ''] = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(url) ?? []
  if (authority !== undefined) request.headers.host = authority
  else if (request.httpVersion === '1.0') { request.headers.host ??= `localhost:${request.socket.localPort}` }
  if (authority === undefined) return url
  return target.startsWith('/') ? target : `/${target}`
}
