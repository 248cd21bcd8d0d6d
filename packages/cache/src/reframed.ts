import { decodeCounter, encodeCounter } from './counter-frame.js'
import type { Entry } from './entry.js'
import { decodeFrame, encodeFrame } from './frame.js'

type Changes = Pick<Entry<unknown>, 'stamp' | 'freshUntil' | 'staleUntil' | 'errorUntil'>

/** Copies a whole frame with a new stamp and new times, without decoding or encoding the value. */
export function reframed (frame: Buffer, changes: Changes): Buffer {
  const counter = decodeCounter(frame)
  if (counter !== undefined) return encodeCounter({ ...counter, ...changes })
  const entry = decodeFrame(frame)
  if (entry === undefined) throw new TypeError('a frame that was decoded before is none')
  return encodeFrame({ ...entry, ...changes })
}
