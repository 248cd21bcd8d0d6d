import { randomUUID } from 'node:crypto'
import type { DisposableFile } from '@weir/sqlite'
import type { Claim, FillEnd, FillId } from '../../store.js'
import type { Stamp } from '../../validity.js'
import { withResolvers } from '../../with-resolvers.js'
import { FILL_LEASE, RenewedLease } from '../renewed-lease.js'
import { parseStrings } from '../string-list.js'
import type { Statements } from './statements.js'

// Milliseconds between reads of another process' row, which take a few microseconds: a file
// announces nothing.
const LOOK_EVERY = 10

/**
 * Fills by key of a namespace: a row for each, which also keeps the outcome while other processes
 * may wait for it.
 */
export class Fills {
  constructor (readonly file: DisposableFile<Statements>, readonly namespace: string) {}

  /** Call this within a transaction. */
  claim (
    sql: Statements,
    key: string,
    stamp: (sql: Statements) => Stamp,
    store: (sql: Statements, frame: Buffer, ttl: number) => void
  ): Claim {
    const now = Date.now()
    const present = sql.fill.get(this.namespace, key, now)
    if (present !== undefined && present.ended === null) {
      return {
        kind: 'held',
        ...this.#ended(key, present.token),
        fill: this.#id(key, present.token)
      }
    }
    const token = randomUUID()
    sql.beginFill.run(this.namespace, key, token, now + FILL_LEASE)
    const own = stamp(sql)
    const end = (sql: Statements, how: Exclude<FillEnd, 'unknown'>, traceparent = '') => {
      sql.endFill.run(how, traceparent, Date.now() + FILL_LEASE, this.namespace, key, token)
    }
    const lease = new RenewedLease(this.#id(key, token), own, {
      renew: async () => {
        const now = Date.now()
        return this.file.read(
          (sql) => sql.renewFill.run(now + FILL_LEASE, this.namespace, key, token, now).changes > 0
        )
      },
      release: async (how, traceparent) => {
        this.file.read((sql) => { end(sql, how, traceparent) })
      },
      store: async (frame, ttl, traceparent) => {
        this.file.read((sql) => sql.db.transaction(() => {
          store(sql, frame, ttl)
          end(sql, 'done', traceparent)
        }).immediate())
      },
      setWaits: async (fills) => {
        this.file.read((sql) => sql.setWaits.run(JSON.stringify(fills), this.namespace, key, token))
      }
    })
    return { kind: 'granted', lease }
  }

  /** Returns the fills that a fill, of any namespace of the file, waits for. */
  waitsOf (fill: FillId): readonly FillId[] {
    const [namespace, key, token] = parseStrings(fill)
    if (namespace === undefined || key === undefined || token === undefined) return []
    const row = this.file.read((sql) => sql.waits.get(namespace, key, token, Date.now()))
    return parseStrings(row?.waits ?? '')
  }

  #id (key: string, token: string): FillId {
    return JSON.stringify([this.namespace, key, token])
  }

  #ended (key: string, token: string): Pick<Claim & { kind: 'held' }, 'ended' | 'traceparent'> {
    const { promise, resolve } = withResolvers<FillEnd>()
    let outcome: Ended | undefined
    const look = setInterval(() => {
      outcome = this.#look(key, token)
      if (outcome === undefined) return
      clearInterval(look)
      resolve(outcome.end)
    }, LOOK_EVERY)
    return { ended: promise, traceparent: () => outcome?.traceparent }
  }

  #look (key: string, token: string): Ended | undefined {
    try {
      const present = this.file.read((sql) => sql.fill.get(this.namespace, key, Date.now()))
      if (present === undefined) return { end: 'unknown' }
      // The row belongs to another fill: the awaited one has ended.
      if (present.token !== token) return { end: 'done' }
      const { ended, waits } = present
      return ended === null ? undefined : { end: ended, ...waits && { traceparent: waits } }
    } catch {
      // The file is closed or unreadable: waiting clients ask again and get the error.
      return { end: 'unknown' }
    }
  }
}

interface Ended {
  readonly end: FillEnd
  readonly traceparent?: string
}
