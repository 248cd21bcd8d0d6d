import { DisposableFile } from '@weir/sqlite'
import type { Database } from 'better-sqlite3'
import type { State } from '../../algorithms/index.js'
import { decide } from '../../decide.js'
import type { Policy } from '../../policy.js'
import type { LimitStore } from '../../store.js'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * Path of the file, shared by every process on the machine that opens it.
   *
   * The file and its folder are created. It may be the cache's file, but not one that you need: a
   * damaged file is set aside, and budgets are full again.
   */
  readonly file: string
}

// Milliseconds for which a lock may block the event loop. The transactions take microseconds.
const LOCK_TIMEOUT = 1000
// Number of uses between two sweeps of full budgets.
const SWEEP_EVERY = 128

/**
 * Creates a store in one SQLite file, for many processes on one machine without a server.
 *
 * Uses the machine's clock.
 * @throws SqliteFileError if the file cannot be created, or better-sqlite3 is not installed
 * @example sqliteStore({ file: '.data/limits.db' })
 */
export function sqliteStore ({ file }: SqliteStoreOptions): LimitStore {
  const limits = new DisposableFile(file, { timeout: LOCK_TIMEOUT, prepare })

  return {
    kind: 'sqlite',
    async take (key, policies, cost) {
      return limits.write(({ run }) => run.immediate(key, policies, cost, true))
    },
    async peek (key, policies, cost) {
      return limits.read(({ run }) => run.deferred(key, policies, cost, false))
    },
    async reset (key) {
      limits.write((sql) => sql.delete.run(key))
    },
    async probe () {
      limits.read(({ lock }) => { lock() })
    },
    async close () {
      limits.close()
    }
  }
}

function prepare (db: Database) {
  // The table's name contains the version: the file's single user_version may belong to other code.
  db.transaction(() => {
    db.exec(`
      CREATE TABLE IF NOT EXISTS weir_limits_1 (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL, policy TEXT NOT NULL,
        state BLOB NOT NULL, full_at INTEGER NOT NULL,
        UNIQUE (key, policy)
      );
      CREATE INDEX IF NOT EXISTS weir_limits_1_by_end ON weir_limits_1 (full_at);
    `)
  }).immediate()
  const sql = {
    read: db
      .prepare<[key: string, policy: string], Buffer>(
        'SELECT state FROM weir_limits_1 WHERE key = ? AND policy = ?'
      )
      .pluck(),
    write: db.prepare<[key: string, policy: string, state: Buffer, fullAt: number]>(`
      INSERT INTO weir_limits_1 (key, policy, state, full_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (key, policy) DO UPDATE SET state = excluded.state, full_at = excluded.full_at`),
    delete: db.prepare<[key: string]>('DELETE FROM weir_limits_1 WHERE key = ?'),
    deleteFull: db.prepare<[now: number]>(
      'DELETE FROM weir_limits_1 WHERE id IN (SELECT id FROM weir_limits_1 WHERE full_at <= ? ORDER BY full_at LIMIT 512)'
    )
  }
  let uses = 0
  const run = db.transaction(
    (key: string, policies: readonly Policy[], cost: number, using: boolean) => {
      // Read under the lock, so that time does not go back from one transaction to the next.
      const now = Date.now()
      const stored = policies.map(({ id }) => decode(sql.read.get(key, id)))
      const { verdicts, states } = decide(policies, cost, now * 1000, stored, using)
      states?.forEach((state, i) => {
        sql.write.run(
          key,
          policies[i]?.id ?? '',
          encode(state),
          now + Math.ceil((verdicts[i]?.full ?? 0) / 1000)
        )
      })
      if (states !== undefined && ++uses % SWEEP_EVERY === 0) sql.deleteFull.run(now)
      return verdicts
    }
  )
  const empty = db.transaction(() => {})
  /** Tries the lock without waiting: a probe must not block the event loop. */
  const lock = () => {
    db.pragma('busy_timeout = 0')
    try {
      empty.immediate()
    } finally {
      db.pragma(`busy_timeout = ${LOCK_TIMEOUT}`)
    }
  }
  return { run, lock, delete: sql.delete }
}

const encode = (state: State) => Buffer.from(Float64Array.from(state).buffer)

/** Copied, because eight-byte numbers have to start at a multiple of eight. */
const decode = (state: Buffer | undefined): State | undefined =>
  state && Array.from(new Float64Array(Uint8Array.from(state).buffer))
