import { digits } from '../../counter-frame.js'
import { CacheError, shown } from '../../errors.js'
import { stampOf as stampOfFrame } from '../../frame.js'
import { HEAD_BYTES, headLength } from '../../frame-head.js'
import { versionBytes } from '../../frame-version.js'
import type {
  Claim,
  Entries,
  FillId,
  FrameId,
  FrameVersion,
  ScanPage,
  Swapped
} from '../../store.js'
import { justAbove, type Stamp } from '../../validity.js'
import type { FillAnnouncements } from '../fill-announcements.js'
import { type Increment, IncrementBatch } from '../increment-batch.js'
import { ReadBatch } from '../read-batch.js'
import { nextToken } from '../fill-token.js'
import { persistently } from '../persistently.js'
import { FILL_LEASE, RenewedLease } from '../renewed-lease.js'
import { parseStrings } from '../string-list.js'
import type { Commands } from './commands.js'
import { bufferOf, type Bytes, idOf, isId, nameBytes, nameOf } from './names.js'
import { type PostgresRecords, stampOf } from './records.js'

// Milliseconds between reads by waiting clients when notifications do not arrive.
const ASK_AGAIN = 50
// Number of sets between two sweeps of expired rows, and rows deleted per sweep.
const SWEEP_EVERY = 128
const SWEEP = 512

// Below the id of any entry.
const FIRST = `\\x${'0'.repeat(64)}`

/** State shared by all namespaces of a store. */
export interface Shared {
  readonly commands: Commands
  readonly announcements: FillAnnouncements
  /** Whether announcements are being received. */
  readonly hears: () => boolean
  readonly reads: ReadBatch
  readonly increments: IncrementBatch
}

export function readsOf (commands: Commands): ReadBatch {
  const readAll = async (ids: readonly string[]) => {
    const frames = new Map(
      (await commands.call('get', [ids])).map(
        ([id, frame]) => [id, bufferOf(frame ?? '')] as const
      )
    )
    return ids.map((id) => frames.get(id))
  }
  return new ReadBatch(async (id) => (await readAll([id]))[0], readAll)
}

export function incrementsOf (commands: Commands): IncrementBatch {
  const ask = async (increments: readonly Increment[]) => {
    const rows = await commands.call('increment', [
      increments.map(({ key }) => key),
      increments.map(({ seen }) => bytesOf(versionBytes(seen))),
      increments.map(({ by }) => by)
    ])
    return increments.map((_, i) => rows[i]?.[0] === null ? undefined : Number(rows[i]?.[0]))
  }
  return new IncrementBatch(ask, true)
}

const bytesOf = (buffer: Buffer): Bytes => `\\x${buffer.toString('hex')}`

/** A namespace's frames in Postgres, and the leases to fill them. */
export class PostgresEntries implements Entries {
  #sets = 0

  constructor (
    readonly shared: Shared,
    readonly records: PostgresRecords
  ) {}

  get (keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return Promise.all(keys.map((key) => this.shared.reads.add(this.#id(key))))
  }

  async set (key: string, frame: Buffer, ttl: number): Promise<void> {
    await this.#set(key, frame, ttl, null)
  }

  async delete (key: string, upTo?: Stamp): Promise<void> {
    await this.#commands.call('delete', [this.#id(key), upTo ?? null])
  }

  async swap (
    key: string,
    seen: FrameVersion | undefined,
    frame: Buffer | undefined,
    ttl: number
  ): Promise<Swapped | undefined> {
    const version = seen === undefined ? null : versionBytes(seen)
    const number = seen?.number === undefined ? null : digits(seen.number)
    const stamp = frame === undefined ? null : stampOfFrame(frame)
    const [row] = await this.#commands.call('swap', [
      this.#id(key),
      version,
      number,
      frame ?? null,
      stamp,
      ttl,
      this.records.ns,
      nameBytes(key)
    ])
    const before = row?.[0]
    if (before === null || before === undefined) return undefined
    const text = bufferOf(before).toString('latin1')
    return { number: text === '' ? undefined : Number(text) }
  }

  increment (key: string, seen: FrameVersion, by: number): Promise<number | undefined> {
    return this.shared.increments.add(this.#id(key), seen, by)
  }

  async claim (key: string, seen: FrameId = { stamp: 0, storedAt: 0 }): Promise<Claim> {
    const id = this.#id(key)
    const token = nextToken()
    const { interruptions } = this.shared.announcements
    let isSent = false
    try {
      const values = [id, this.records.ns, seen.stamp, storedAtOf(seen), token, FILL_LEASE]
      const [row] = await this.#commands.call('claim', values, () => {
        isSent = true
      })
      const [frame, holder, remaining, clock, epoch] = row ?? []
      if (typeof frame === 'string') return { kind: 'found', frame: bufferOf(frame) }
      if (typeof holder === 'string') {
        const left = this.shared.hears() ? Number(remaining) : ASK_AGAIN
        return {
          kind: 'held',
          ended: this.shared.announcements.ended(holder, left, interruptions),
          fill: fillId(id, holder),
          traceparent: () => this.shared.announcements.traceparentOf(holder)
        }
      }
      return {
        kind: 'granted',
        lease: this.#lease(key, token, await this.#stamp(seen.stamp, clock, epoch))
      }
    } catch (error) {
      // A command that timed out may still be executed. Its lease would then have no holder, and
      // every client would wait for it.
      if (isSent) {
        this.#commands.send('release', [id, token, 'done', this.#channel, null]).catch(() => {})
      }
      throw error
    }
  }

  async waitsOf (fill: FillId): Promise<readonly FillId[]> {
    const [id = '', token = ''] = parseStrings(fill)
    // The id belongs to another store.
    if (!isId(id) || !/^[\w.-]+$/.test(token)) return []
    const [row] = await this.#commands.call('waits', [id, token])
    const waits = row?.[0]
    return typeof waits === 'string' ? parseStrings(bufferOf(waits).toString()) : []
  }

  async scan (cursor = FIRST, limit: number): Promise<ScanPage> {
    if (!isId(cursor)) throw new CacheError('WEIR_CACHE_INVALID_CURSOR', shown(cursor))
    const rows = await this.#commands.call('scan', [this.records.ns, cursor, limit, HEAD_BYTES])
    const frames = await Promise.all(
      rows.filter(([, , , isThere]) => isThere === 't').map(async ([, name, bytes]) => {
        const key = nameOf(name ?? '')
        const head = bufferOf(bytes ?? '')
        // Few have so many tags.
        const whole = headLength(head) > head.length ? (await this.get([key]))[0] : head
        return { key, head: whole ?? head }
      })
    )
    return { frames, cursor: rows.length < limit ? undefined : rows.at(-1)?.[0] ?? undefined }
  }

  get #commands (): Commands {
    return this.shared.commands
  }

  get #channel (): string {
    return this.#commands.schema.channel
  }

  /**
   * Issues a fill's stamp: above every invalidation committed before the lease was granted, below
   * every later one.
   *
   * Just above the namespace's clock satisfies both. A new stamp is issued if the clock is unknown,
   * or below the stamp of the frame to be replaced.
   */
  async #stamp (
    above: Stamp,
    clock: string | null | undefined,
    epoch: string | null | undefined
  ): Promise<Stamp> {
    if (typeof clock === 'string' && typeof epoch === 'string' && this.records.isSame(epoch)) {
      const latest = stampOf(clock)
      this.records.see(latest)
      const own = justAbove(latest)
      if (above <= own) return own
    }
    this.records.see(Math.floor(above))
    return (await this.records.stamp()).stamp
  }

  #lease (key: string, token: string, stamp: Stamp): RenewedLease {
    const id = this.#id(key)
    const commands = this.#commands
    return new RenewedLease(fillId(id, token), stamp, {
      renew: async () => (await commands.call('renew', [id, token, FILL_LEASE]))[0]?.[0] === 't',
      release: (how, traceparent) =>
        persistently(async () => {
          await commands.call('release', [id, token, how, this.#channel, traceparent ?? null])
        }),
      store: (frame, ttl, traceparent) => this.#set(key, frame, ttl, token, traceparent),
      setWaits: async (fills) => {
        await commands.call('set_waits', [id, token, Buffer.from(JSON.stringify(fills))])
      }
    })
  }

  async #set (
    key: string,
    frame: Buffer,
    ttl: number,
    token: string | null,
    traceparent?: string
  ): Promise<void> {
    await this.#commands.call('set', [
      this.#id(key),
      frame,
      stampOfFrame(frame),
      ttl,
      this.#channel,
      token,
      this.records.ns,
      nameBytes(key),
      traceparent ?? null
    ])
    if (++this.#sets % SWEEP_EVERY === 0) this.#commands.call('sweep', [SWEEP]).catch(() => {})
  }

  #id (key: string): Bytes {
    return idOf(this.records.name, 'entry', key)
  }
}

const fillId = (id: Bytes, token: string): FillId => JSON.stringify([id, token])

/** Encodes `storedAt` as a frame does. */
function storedAtOf ({ storedAt }: FrameId): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(storedAt)
  return bytes
}
