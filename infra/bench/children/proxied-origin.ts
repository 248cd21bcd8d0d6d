// node proxied-origin.js --seed N --urls N
//
// The origin behind the compared proxies. Counts its requests and the bytes that it sends.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import {
  beginOf,
  contentOf,
  languageOf,
  makeResources,
  type Resource,
  versionAt
} from '../proxy/resources.js'
import { serveBenchmark } from './child.js'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, urls: { type: 'string', default: '300' } }
})
const resources = new Map(
  makeResources(Number(values.seed), Number(values.urls)).map((resource) => [
    resource.path,
    resource
  ])
)

let [requests, notModified, closedBytes] = [0, 0, 0]
const sockets = new Set<Socket>()
const server = createServer((request, response) => {
  requests++
  const resource = resources.get(request.url ?? '')
  if (resource === undefined) response.writeHead(404).end()
  else answer(resource, request, response)
})
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.once('close', () => {
    sockets.delete(socket)
    closedBytes += socket.bytesWritten
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  serveBenchmark({ url: `http://127.0.0.1:${port}` }, () => ({
    requests,
    notModified,
    bytes: bytes()
  }))
})

const bytes = (): number =>
  [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, closedBytes)

function answer (
  resource: Resource,
  { headers, method }: IncomingMessage,
  response: ServerResponse
): void {
  const now = Date.now()
  const version = versionAt(resource, now)
  const language = languageOf(resource, headers['accept-language'])
  const isGzip =
    resource.vary === 'accept-encoding' && String(headers['accept-encoding']).includes('gzip')
  const etag = `"${resource.id}-${version}-${language}${isGzip ? '-gzip' : ''}"`
  const lastModified = new Date(beginOf(resource, version)).toUTCString()
  response.setHeader('cache-control', resource.cacheControl)
  response.setHeader('content-type', 'text/plain')
  if (resource.vary !== undefined) response.setHeader('vary', resource.vary)
  if (resource.lifetime > 0) {
    if (resource.validators !== 'last-modified') response.setHeader('etag', etag)
    if (resource.validators !== 'etag') response.setHeader('last-modified', lastModified)
    const { 'if-none-match': match, 'if-modified-since': since } = headers
    // RFC 9110, 13.1.3: If-Modified-Since counts only without If-None-Match.
    const isKnown =
      match === undefined ? since === lastModified : match.split(/\s*,\s*/).includes(etag)
    if (isKnown) {
      notModified++
      response.writeHead(304).end()
      return
    }
  }
  const content = contentOf(resource, resource.lifetime === 0 ? `#${requests}` : version, language)
  const body = isGzip ? gzipSync(content) : content
  if (isGzip) response.setHeader('content-encoding', 'gzip')
  response.setHeader('content-length', body.length)
  response.end(method === 'HEAD' ? undefined : body)
}
