import { DisposableFile } from '@weir/sqlite'
import type { Database } from 'better-sqlite3'
import { parseRecord, parseState } from '../parse.js'
import { type InstanceState, type MinuteRecord } from '../record.js'
import { type MetricsStore } from '../store.js'
import { firstMinute, firstMoment, isLate, TAKEN } from './retention.js'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * Path of the file, shared by every process on the machine that opens it.
   *
   * The file and its folder are created. It may be the cache's file, but not one that you need: a
   * damaged file is set aside, and counting starts over.
   */
  readonly file: string
}

// Milliseconds for which another process' lock may delay a request. A failed write is repeated a
// second later.
const LOCK_TIMEOUT = 100

/**
 * Creates a store in one SQLite file, for many processes on one machine without a server. Data is
 * kept for a day.
 * @throws SqliteFileError if the file cannot be created, or better-sqlite3 is not installed
 * @example sqliteStore({ file: '.data/metrics.db' })
 */
export function sqliteStore ({ file }: SqliteStoreOptions): MetricsStore {
  const told = new DisposableFile(file, { timeout: LOCK_TIMEOUT, prepare })

  return {
    kind: 'sqlite',
    async write (state, records) {
      return told.write(({ write }) => write.immediate(state, records))
    },
    async read (sinceMinute) {
      const texts = told.read((sql) => sql.read.all(Math.max(sinceMinute, firstMinute())))
      return texts.flatMap((text) => parseRecord(text) ?? [])
    },
    async instances () {
      const texts = told.read((sql) => sql.instances.all(firstMoment()))
      return texts.flatMap((text) => parseState(text) ?? [])
    },
    requests: {
      async send (box, request) {
        told.write(({ send }) => send.run(box, request, Date.now(), 0))
      },
      async take (box, limit) {
        const now = Date.now()
        return told.write(({ take }) => take.all({ box, now, until: now + TAKEN, limit }))
      },
      async finish (box, request) {
        told.write(({ finish }) => finish.run(box, request))
      },
      has: async (box, request) => told.read(({ has }) => has.get(box, request)) !== undefined
    },
    close () {
      told.close()
    }
  }
}

function prepare (db: Database) {
  // The tables' names contain the version: the file's single user_version may belong to other code.
  db.transaction(() => {
    db.exec(`
      CREATE TABLE IF NOT EXISTS weir_metrics_1 (
        minute INTEGER NOT NULL, run TEXT NOT NULL, seq INTEGER NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (minute, run)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS weir_instances_1 (run TEXT PRIMARY KEY, at INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS weir_requests_1 (
        box TEXT NOT NULL, request TEXT NOT NULL, sent INTEGER NOT NULL, free INTEGER NOT NULL,
        PRIMARY KEY (box, request)
      ) WITHOUT ROWID;
    `)
  }).immediate()
  const sql = {
    write: db.prepare<[run: string, minute: number, seq: number, record: string]>(`
      INSERT INTO weir_metrics_1 (run, minute, seq, record) VALUES (?, ?, ?, ?)
      ON CONFLICT (minute, run) DO UPDATE SET seq = excluded.seq, record = excluded.record WHERE excluded.seq > seq`),
    read: db
      .prepare<[minute: number], string>('SELECT record FROM weir_metrics_1 WHERE minute >= ?')
      .pluck(),
    prune: db.prepare<[minute: number]>('DELETE FROM weir_metrics_1 WHERE minute < ?'),
    tell: db.prepare<[run: string, at: number, state: string]>(
      'INSERT OR REPLACE INTO weir_instances_1 (run, at, state) VALUES (?, ?, ?)'
    ),
    toldAt: db
      .prepare<[run: string], number>('SELECT at FROM weir_instances_1 WHERE run = ?')
      .pluck(),
    instances: db
      .prepare<[at: number], string>('SELECT state FROM weir_instances_1 WHERE at >= ?')
      .pluck(),
    forget: db.prepare<[at: number]>('DELETE FROM weir_instances_1 WHERE at < ?'),
    discard: db.prepare<[at: number]>('DELETE FROM weir_requests_1 WHERE sent < ?'),
    send: db.prepare<[box: string, request: string, sent: number, free: number]>(
      'INSERT OR REPLACE INTO weir_requests_1 (box, request, sent, free) VALUES (?, ?, ?, ?)'
    ),
    take: db.prepare<{ box: string, now: number, until: number, limit: number }, string>(`
      UPDATE weir_requests_1 SET free = @until WHERE box = @box AND request IN (
        SELECT request FROM weir_requests_1 WHERE box = @box AND free <= @now ORDER BY sent LIMIT @limit
      ) RETURNING request`).pluck(),
    finish: db.prepare<[box: string, request: string]>(
      'DELETE FROM weir_requests_1 WHERE box = ? AND request = ?'
    ),
    has: db.prepare<[box: string, request: string], number>(
      'SELECT 1 FROM weir_requests_1 WHERE box = ? AND request = ?'
    ).pluck()
  }
  const write = db.transaction((state: InstanceState, records: readonly MinuteRecord[]) => {
    const known = sql.toldAt.get(state.run)
    if (known === undefined || !isLate(state.at, known)) {
      sql.tell.run(state.run, state.at, JSON.stringify(state))
    }
    for (const record of records) {
      sql.write.run(record.run, record.minute, record.seq, JSON.stringify(record))
    }
    sql.forget.run(firstMoment())
    sql.prune.run(firstMinute())
    sql.discard.run(firstMoment())
    return known !== undefined
  })
  const { read, instances, send, take, finish, has } = sql
  return { write, read, instances, send, take, finish, has }
}
