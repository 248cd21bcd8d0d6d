import { digits } from '../../counter-frame.js'
import { CacheError, shown } from '../../errors.js'
import { versionBytes } from '../../frame-version.js'
import type {
  Claim,
  Entries,
  FillEnd,
  FillId,
  FrameId,
  FrameVersion,
  ScanPage,
  Swapped
} from '../../store.js'
import type { Stamp } from '../../validity.js'
import { nextToken } from '../fill-token.js'
import { persistently } from '../persistently.js'
import { FILL_LEASE, RenewedLease } from '../renewed-lease.js'
import { parseStrings } from '../string-list.js'
import type { Commands } from './commands.js'
import { announcement, type FillAnnouncements } from '../fill-announcements.js'
import { scanPage } from './scan.js'
import { ANNOUNCE, CLAIM, RELEASE, RENEW, SET_WAITS, STORE, WAITS } from './scripts.js'
import { DELETE_UP_TO, SWAP } from './swap-scripts.js'

/** A namespace's entries, and the leases to fill them. */
export class RedisEntries implements Entries {
  /**
   * @param prefix of all namespaces of the store
   * @param stamp issues a fill's stamp, not below that of the frame it will replace
   */
  constructor (
    readonly commands: Commands,
    readonly prefix: string,
    readonly namespace: string,
    readonly channel: string,
    readonly announcements: FillAnnouncements,
    readonly stamp: (above: Stamp) => Stamp | Promise<Stamp>
  ) {}

  async get (keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    const [key] = keys
    if (key !== undefined && keys.length === 1) return [await this.commands.read(this.#entry(key))]
    // One GET per key, in one pipeline: in a cluster the keys lie in different slots, where MGET is
    // not allowed.
    return Promise.all(keys.map((key) => this.commands.read(this.#entry(key))))
  }

  async set (key: string, frame: Buffer, ttl: number): Promise<void> {
    await this.#store(key, frame, ttl, '')
  }

  async delete (key: string, upTo?: Stamp): Promise<void> {
    if (upTo === undefined) return this.commands.unlink(this.#entry(key))
    await this.commands.evaluate(DELETE_UP_TO, [this.#entry(key)], [upTo])
  }

  async swap (
    key: string,
    seen: FrameVersion | undefined,
    frame: Buffer | undefined,
    ttl: number
  ): Promise<Swapped | undefined> {
    const version = seen === undefined ? '' : versionBytes(seen)
    const number = seen?.number === undefined ? '' : digits(seen.number)
    const reply = await this.commands.evaluate(
      SWAP,
      [this.#entry(key)],
      [version, number, frame ?? '', lifetime(ttl)]
    )
    if (reply === 0) return undefined
    return { number: reply === 1 ? undefined : Number(reply) }
  }

  increment (key: string, seen: FrameVersion, by: number): Promise<number | undefined> {
    return this.commands.increments.add(this.#entry(key), seen, by)
  }

  async claim (key: string, seen: FrameId = { stamp: 0, storedAt: 0 }): Promise<Claim> {
    const token = nextToken()
    const { interruptions } = this.announcements
    try {
      const reply = await this.commands.evaluateBuffer(CLAIM, this.#keys(key), [
        seen.stamp,
        seen.storedAt,
        token,
        FILL_LEASE
      ])
      if (Buffer.isBuffer(reply)) return { kind: 'found', frame: reply }
      if (isHeld(reply)) {
        const [left, holder] = [reply[0], String(reply[1])]
        return {
          kind: 'held',
          ended: this.announcements.ended(holder, left, interruptions),
          fill: this.#fill(key, holder),
          traceparent: () => this.announcements.traceparentOf(holder)
        }
      }
      if (reply !== 0) {
        throw new CacheError('WEIR_CACHE_STORE_FAILED', `return the holder of a fill lease, but ${shown(reply)}`)
      }
      return { kind: 'granted', lease: this.#lease(key, token, await this.stamp(seen.stamp)) }
    } catch (error) {
      // A command that timed out may still be executed. Its lease would then have no holder, and
      // every client would wait for it.
      this.commands
        .send(RELEASE, this.#keys(key), [token])
        .then((awaited) => (awaited === 1 ? this.#announce(token, 'done') : undefined))
        .catch(() => {})
      throw error
    }
  }

  async waitsOf (fill: FillId): Promise<readonly FillId[]> {
    const [token, entry] = split(fill)
    // Fills of other namespaces belong to this store too; those of another prefix do not.
    if (!entry.startsWith(`${this.prefix}:`)) return []
    const waits = await this.commands.evaluate(WAITS, keysOf(entry), [token])
    return parseStrings(String(waits))
  }

  scan (cursor: string | undefined, limit: number): Promise<ScanPage> {
    return scanPage(this.commands, { start: this.#start, end: '}' }, cursor, limit)
  }

  #lease (key: string, token: string, stamp: Stamp): RenewedLease {
    const keys = this.#keys(key)
    // An unanswered release may have been executed without an announcement.
    let isInDoubt = false
    const answered = (reply: Promise<unknown>) =>
      reply.catch((error: unknown) => {
        isInDoubt = true
        throw error
      })
    const announce = async (awaited: unknown, how: FillEnd, traceparent?: string) => {
      if (awaited === 1 || isInDoubt) await this.#announce(token, how, traceparent)
    }
    return new RenewedLease(this.#fill(key, token), stamp, {
      renew: async () => (await this.commands.evaluate(RENEW, keys, [token, FILL_LEASE])) === 1,
      release: async (how, traceparent) => {
        const release = () => answered(this.commands.evaluate(RELEASE, keys, [token]))
        await announce(await persistently(release), how, traceparent)
      },
      store: async (frame, ttl, traceparent) => {
        const awaited = await answered(this.#store(key, frame, ttl, token))
        // The value is available to every instance: the filler need not wait for the announcement.
        announce(awaited, 'done', traceparent).catch(() => {})
      },
      setWaits: async (fills) => {
        await this.commands.evaluate(SET_WAITS, keys, [token, JSON.stringify(fills)])
      }
    })
  }

  async #announce (token: string, how: FillEnd, traceparent?: string): Promise<void> {
    const message = announcement(token, how, traceparent)
    await persistently(() =>
      this.commands.evaluate(ANNOUNCE, [this.channel], [this.channel, message])
    )
  }

  #store (key: string, frame: Buffer, ttl: number, token: string): Promise<unknown> {
    return this.commands.evaluate(STORE, this.#keys(key), [frame, lifetime(ttl), token])
  }

  // The part hashed for the slot starts at these braces and ends at the same place in both names,
  // whatever braces the key contains.
  #entry (key: string): string {
    return `${this.#start}${key}}`
  }

  get #start (): string {
    return `${this.prefix}:${this.namespace}:{=`
  }

  #fill (key: string, token: string): FillId {
    return `${token} ${this.#entry(key)}`
  }

  #keys (key: string): string[] {
    return keysOf(this.#entry(key))
  }
}

const lifetime = (ttl: number) => Math.max(1, Math.ceil(ttl))

const keysOf = (entry: string) => [entry, `${entry}:fill`]

/** Splits an id into the token and the entry's name. */
function split (fill: FillId): [token: string, entry: string] {
  const space = fill.indexOf(' ')
  return [fill.slice(0, space), fill.slice(space + 1)]
}

function isHeld (reply: unknown): reply is [left: number, token: Buffer] {
  return Array.isArray(reply) && typeof reply[0] === 'number' && Buffer.isBuffer(reply[1])
}
