import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { type Answer, textOf } from './exchange.js'

/** Decodes a body; returns it unchanged if it does not match its encoding. */
export function decoded ({ headers, body }: Answer): Buffer {
  if (body.length === 0) return body
  try {
    switch (textOf(headers, 'content-encoding')) {
      case 'gzip': return gunzipSync(body)
      case 'br': return brotliDecompressSync(body)
      case 'deflate': return inflateSync(body)
      default: return body
    }
  } catch {
    return body
  }
}
