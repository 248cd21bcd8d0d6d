import { encodeFrame } from '../src/frame.js'

/** Builds the frame of an entry with this stamp. */
export function frameOf (
  stamp: number,
  body: Uint8Array | string,
  tags: readonly string[] = []
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return encodeFrame({
    value: { meta: 'bytes', body: bytes },
    stamp,
    tags,
    storedAt: 1,
    freshUntil: 2,
    staleUntil: 3,
    errorUntil: 4,
    keptFor: 5,
    filledBy: '',
    cost: 6
  })
}
