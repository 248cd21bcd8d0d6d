import { Readable } from 'node:stream'

/**
 * Reads a stream for its client and for the cache at once. As far as it may be stored it is read as fast as it comes, since all of it
 * is kept anyway, and on to its end although the client may have gone; beyond that the client sets the pace.
 *
 * @param limit bytes
 * @param declared how many are said to come; 0 if nothing is said
 * @param onEnd what came, before the client can tell that this was all; undefined if it was too much, or broke off
 */
export function tee (
  source: Readable, limit: number, declared: number, onEnd: (body: Buffer | undefined, error?: Error) => Promise<void>
): Readable {
  let chunks: Buffer[] | undefined = []
  let length = 0
  let last: Buffer | undefined
  const giveUp = (error?: Error): Promise<void> => {
    if (chunks === undefined) return Promise.resolve()
    chunks = undefined
    return onEnd(undefined, error)
  }

  const client = new Readable({
    read () { source.resume() },
    destroy (error, callback) {
      // Others may be waiting for what is being kept.
      if (chunks === undefined) source.destroy()
      else source.resume()
      callback(error)
    }
  })
  source.on('data', (chunk: Buffer | string) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    length += bytes.length
    if (length > limit) giveUp().catch(() => {})
    chunks?.push(bytes)
    if (client.destroyed) {
      if (chunks === undefined) source.destroy()
      return
    }
    // Who knows how much there is would take it for the end.
    if (length === declared && chunks !== undefined) last = bytes
    else if (!client.push(bytes) && chunks === undefined) source.pause()
  })
  source.on('end', () => {
    const body = chunks && Buffer.concat(chunks, length)
    chunks = undefined
    const stored = body === undefined ? Promise.resolve() : onEnd(body)
    stored.catch(() => {}).finally(() => {
      if (client.destroyed) return
      if (last !== undefined) client.push(last)
      client.push(null)
    })
  })
  const broken = (error: Error) => {
    giveUp(error).catch(() => {})
    client.destroy(error)
  }
  source.on('error', broken)
  source.on('close', () => {
    if (!source.readableEnded) broken(new Error('the response broke off'))
  })
  return client
}
