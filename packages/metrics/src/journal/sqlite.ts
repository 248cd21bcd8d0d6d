import { DisposableFile } from '@weir/sqlite'
import type { Database } from 'better-sqlite3'
import { checkedLimits } from './limits.js'
import { packed, unpacked } from './packed.js'
import { parseRun } from './parse.js'
import {
  ENTRY_BYTES, type JournalBatch, type JournalLimits, type JournalStore, newSecret
} from './store.js'

/** Options of {@link sqliteJournal}. */
export interface SqliteJournalOptions extends JournalLimits {
  /** Path of the file, shared by every process on the machine that opens it. It is created. */
  readonly file: string
}

// Milliseconds for which another process' lock may delay a request. A failed write is repeated.
const LOCK_TIMEOUT = 20
const AT_ONCE = 100

interface Row {
  readonly id: number
  readonly run: string
  readonly told: string | null
  readonly events: Buffer
}

/**
 * Creates a journal in one SQLite file, for many processes on one machine without a server.
 * @throws SqliteFileError if the file cannot be created, or better-sqlite3 is not installed;
 *   MetricsError WEIR_METRICS_INVALID_OPTION
 * @example sqliteJournal({ file: '.data/journal.db' })
 */
export function sqliteJournal ({ file, ...options }: SqliteJournalOptions): JournalStore {
  const limits = checkedLimits(options)
  const opened = new DisposableFile(file, { timeout: LOCK_TIMEOUT, prepare })
  return {
    kind: 'sqlite',
    async append (batch) {
      const bytes = batch.events.length === 0 ? undefined : await packed(batch)
      opened.write(({ append }) => append.immediate(batch, bytes, limits))
    },
    async read (namespace, { from, to, cursor = '0' }) {
      const rows = opened.read(({ read }) => read.all(namespace, from, to, Number(cursor), AT_ONCE))
      const last = rows.length === AT_ONCE ? rows.at(-1) : undefined
      const batches = await Promise.all(rows.map(({ run, told, events }) =>
        unpacked(run, parseRun(told ?? '')?.instance ?? run, events)))
      return { batches, cursor: last === undefined ? undefined : String(last.id) }
    },
    async coverage (namespace) {
      const [runs, dropped] = opened.read(({ runs, dropped }) =>
        [runs.all(namespace), dropped.get(namespace)] as const)
      return { runs: runs.flatMap((text) => parseRun(text) ?? []), forgottenTo: dropped }
    },
    namespaces: async () => opened.read(({ names }) => names.all()),
    secret: async (namespace) =>
      opened.write(({ secret }) => secret.immediate(namespace)),
    close () {
      opened.close()
    }
  }
}

function prepare (db: Database) {
  // The tables' names contain the version: the file's single user_version may belong to other code.
  db.transaction(() => {
    db.exec(`
      CREATE TABLE IF NOT EXISTS weir_journal_1 (
        id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, run TEXT NOT NULL, first REAL NOT NULL,
        last REAL NOT NULL, bytes INTEGER NOT NULL, events BLOB NOT NULL
      );
      CREATE INDEX IF NOT EXISTS weir_journal_1_by_namespace ON weir_journal_1 (namespace, id);
      CREATE TABLE IF NOT EXISTS weir_journal_runs_1 (
        namespace TEXT NOT NULL, run TEXT NOT NULL, seq INTEGER NOT NULL, covered REAL NOT NULL,
        told TEXT NOT NULL, PRIMARY KEY (namespace, run)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS weir_journal_state_1 (
        namespace TEXT PRIMARY KEY, bytes INTEGER NOT NULL, dropped REAL
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS weir_journal_secrets_1 (
        namespace TEXT PRIMARY KEY, secret TEXT NOT NULL
      ) WITHOUT ROWID;
    `)
  }).immediate()
  const seq = db
    .prepare<[namespace: string, run: string], number>(
      'SELECT seq FROM weir_journal_runs_1 WHERE namespace = ? AND run = ?'
    )
    .pluck()
  const tell = db.prepare<[string, string, number, number, string]>(
    'INSERT OR REPLACE INTO weir_journal_runs_1 (namespace, run, seq, covered, told) ' +
    'VALUES (?, ?, ?, ?, ?)'
  )
  const forget = db.prepare<[namespace: string, before: number]>(
    'DELETE FROM weir_journal_runs_1 WHERE namespace = ? AND covered < ?'
  )
  const add = db.prepare<[string, string, number, number, number, Buffer]>(
    'INSERT INTO weir_journal_1 (namespace, run, first, last, bytes, events) ' +
    'VALUES (?, ?, ?, ?, ?, ?)'
  )
  const grow = db.prepare<[namespace: string, bytes: number]>(`
    INSERT INTO weir_journal_state_1 (namespace, bytes) VALUES (?, ?)
    ON CONFLICT (namespace) DO UPDATE SET bytes = bytes + excluded.bytes`)
  const size = db
    .prepare<[namespace: string], number>(
      'SELECT bytes FROM weir_journal_state_1 WHERE namespace = ?'
    )
    .pluck()
  const oldest = db.prepare<[namespace: string], { id: number, last: number, bytes: number }>(
    'SELECT id, last, bytes FROM weir_journal_1 WHERE namespace = ? ORDER BY id LIMIT 1'
  )
  const drop = db.prepare<[id: number]>('DELETE FROM weir_journal_1 WHERE id = ?')
  const dropTo = db.prepare<[bytes: number, last: number, namespace: string]>(`
    UPDATE weir_journal_state_1 SET bytes = bytes - ?, dropped = max(coalesce(dropped, 0), ?)
    WHERE namespace = ?`)

  const append = db.transaction((
    { namespace, run, seq: number, from, to }: JournalBatch,
    events: Buffer | undefined,
    { maxBytes, retain }: Required<JournalLimits>
  ) => {
    if ((seq.get(namespace, run.run) ?? 0) >= number) return
    tell.run(namespace, run.run, number, run.coveredTo, JSON.stringify(run))
    if (events !== undefined) {
      const bytes = events.length + ENTRY_BYTES
      add.run(namespace, run.run, from, to, bytes, events)
      grow.run(namespace, bytes)
    }
    const first = Date.now() - retain
    forget.run(namespace, first)
    for (let row = oldest.get(namespace); row !== undefined; row = oldest.get(namespace)) {
      if ((size.get(namespace) ?? 0) <= maxBytes && row.last >= first) break
      drop.run(row.id)
      dropTo.run(row.bytes, row.last, namespace)
    }
  })
  const offer = db.prepare<[namespace: string, secret: string]>(
    'INSERT OR IGNORE INTO weir_journal_secrets_1 (namespace, secret) VALUES (?, ?)'
  )
  const secretOf = db
    .prepare<[namespace: string], string>(
      'SELECT secret FROM weir_journal_secrets_1 WHERE namespace = ?'
    )
    .pluck()
  const secret = db.transaction((namespace: string) => {
    const made = newSecret()
    offer.run(namespace, made)
    return secretOf.get(namespace) ?? made
  })
  return {
    append,
    secret,
    read: db.prepare<[string, number, number, number, number], Row>(`
      SELECT id, weir_journal_1.run, told, events FROM weir_journal_1
      LEFT JOIN weir_journal_runs_1 USING (namespace, run)
      WHERE namespace = ? AND last >= ? AND first <= ? AND id > ? ORDER BY id LIMIT ?`),
    runs: db
      .prepare<[namespace: string], string>(
        'SELECT told FROM weir_journal_runs_1 WHERE namespace = ?'
      )
      .pluck(),
    dropped: db
      .prepare<[namespace: string], number>(
        'SELECT dropped FROM weir_journal_state_1 WHERE namespace = ? AND dropped IS NOT NULL'
      )
      .pluck(),
    names: db
      .prepare<[], string>('SELECT DISTINCT namespace FROM weir_journal_runs_1 ORDER BY namespace')
      .pluck()
  }
}
