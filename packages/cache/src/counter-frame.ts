import { type Entry } from './entry.js'
import { decodeFrame, encodeFrame, HEADER, VERSION } from './frame.js'
import type { FrameVersion } from './store.js'

/**
 * Version byte of a counter's frame: an entry without a value, followed by its number.
 *
 * The number is a sign and 16 digits after the header. Stores change it in place, so the checksum
 * leaves it out and corrupted digits go unnoticed.
 */
export const COUNTER_VERSION = VERSION | 0x80
export const NUMBER_OFFSET = HEADER
export const NUMBER_WIDTH = 17
const NUMBER_END = NUMBER_OFFSET + NUMBER_WIDTH
const NOTHING = { meta: '', body: Buffer.alloc(0) }

/** @param entry holding a safe integer */
export function encodeCounter (entry: Entry<number>): Buffer {
  const frame = encodeFrame({ ...entry, value: NOTHING })
  frame[1] = COUNTER_VERSION
  return Buffer.concat([frame.subarray(0, HEADER), digits(entry.value), frame.subarray(HEADER)])
}

/** Decodes a counter's frame; undefined if the frame is not a counter's or not whole. */
export function decodeCounter (counter: Buffer): Entry<number> | undefined {
  const value = numberOf(counter)
  if (value === undefined) return undefined
  const frame = Buffer.concat([counter.subarray(0, HEADER), counter.subarray(NUMBER_END)])
  frame[1] = VERSION
  const entry = decodeFrame(frame)
  return entry && { ...entry, value }
}

export const isCounter = (frame: Buffer): boolean =>
  frame.length >= NUMBER_END && frame[1] === COUNTER_VERSION

/** Reads the number from a counter's frame; undefined for any other frame. */
export function numberOf (frame: Buffer): number | undefined {
  const text = isCounter(frame) ? frame.toString('latin1', NUMBER_OFFSET, NUMBER_END) : ''
  const number = /^[+-]\d{16}$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(number) ? number : undefined
}

/**
 * Computes the sum, and the new frame if the sum is a safe integer.
 *
 * Undefined if the frame is not a counter's.
 */
export function added (
  frame: Buffer,
  by: number
): { readonly number: number; readonly frame?: Buffer } | undefined {
  const before = numberOf(frame)
  if (before === undefined) return undefined
  const number = before + by
  return Number.isSafeInteger(number) ? { number, frame: withNumber(frame, number) } : { number }
}

/**
 * The frame that {@link Entries.swap} stores: a counter keeps the current number if any number was
 * accepted.
 */
export function takingOver (
  frame: Buffer,
  seen: FrameVersion | undefined,
  present: number | undefined
): Buffer {
  const takesOver =
    seen !== undefined && seen.number === undefined && present !== undefined && isCounter(frame)
  return takesOver ? withNumber(frame, present) : frame
}

/** Encodes the number for a frame. */
export function digits (number: number): Buffer {
  return Buffer.from(
    (number < 0 ? '-' : '+') + String(Math.abs(number)).padStart(NUMBER_WIDTH - 1, '0'),
    'latin1'
  )
}

function withNumber (frame: Buffer, number: number): Buffer {
  const changed = Buffer.from(frame)
  changed.set(digits(number), NUMBER_OFFSET)
  return changed
}
