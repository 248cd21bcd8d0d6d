import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { JournalBatch, ReadBatch } from './store.js'
import { parseEvents } from './parse.js'

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)]

// Bytes that a batch may have when inflated: the store's content is not trusted.
const MOST = 8 * 1024 * 1024

/** Compresses the events of a batch: their keys and names repeat. */
export async function packed ({ events }: JournalBatch): Promise<Buffer> {
  return deflate(`[${events.join(',')}]`, { level: 1 })
}

/** Reads the events of a batch; those that are none are left out. */
export async function unpacked (run: string, instance: string, bytes: Buffer): Promise<ReadBatch> {
  try {
    const text = await inflate(bytes, { maxOutputLength: MOST })
    return { run, instance, events: parseEvents(text.toString()) }
  } catch {
    return { run, instance, events: [] }
  }
}
