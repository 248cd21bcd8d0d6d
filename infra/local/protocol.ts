import { type IncomingMessage } from 'node:http'
import { type Refusal } from './problem.js'

/**
 * A name or an address, optionally with a port (RFC 9110, section 7.2, and RFC 3986, section
 * 3.2.2).
 */
const AUTHORITY = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i

const bad = (detail: string): Refusal => [400, 'WEIR_ERR_BAD_REQUEST', detail]

/**
 * Returns the refusal of a request that Node's parser accepts and HTTP forbids; undefined for any
 * other request.
 */
export function protocolRefusal (
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersion'>
): Refusal | undefined {
  const {
    httpVersion,
    headers: { host = '', 'transfer-encoding': coding }
  } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return [505, 'WEIR_ERR_HTTP_VERSION', 'Send HTTP/1.1 or HTTP/1.0.']
  }
  const hosts = request.rawHeaders.filter(
    (name, i) => i % 2 === 0 && name.toLowerCase() === 'host'
  ).length
  if (hosts > 1) return bad('A request must have exactly one Host.')
  if (hosts === 0 && httpVersion === '1.1') return bad('An HTTP/1.1 request must have a Host.')
  if (!AUTHORITY.test(host)) {
    return bad('The authority of a request must be a name or an address, optionally with a port.')
  }
  if (coding !== undefined && !/^[\s,]*chunked[\s,]*$/i.test(coding)) {
    return [501, 'WEIR_ERR_CODING_NOT_IMPLEMENTED', 'The only supported Transfer-Encoding is chunked.']
  }
  return undefined
}
