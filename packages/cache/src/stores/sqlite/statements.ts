import type { Database, Statement } from 'better-sqlite3'
import type { FillEnd } from '../../store.js'
import type { Stamp } from '../../validity.js'

/** All statements of the SQLite store, prepared once. */
export interface Statements {
  readonly db: Database
  readonly dataVersion: Statement<[], number>
  readonly used: Statement<[], { used: number }>
  readonly names: Statement<[], { name: string }>
  readonly namespace: Statement<[name: string], { clock: Stamp; floor: Stamp }>
  /**
   * Creates a namespace that is new, or whose row is lost: its floor is now, and not below `known`.
   */
  readonly begin: Statement<[{ name: string; known: Stamp }]>
  /** Creates a namespace in a file that has replaced another, whose last stamp was `known`. */
  readonly goOn: Statement<[{ name: string; known: Stamp }]>
  readonly tick: Statement<[name: string], { clock: Stamp }>
  readonly raise: Statement<[floor: Stamp, name: string]>
  readonly record: Statement<[namespace: string, tag: string, stamp: Stamp]>
  readonly recordsAfter: Statement<
    [namespace: string, stamp: Stamp],
    { tag: string; stamp: Stamp }
  >
  /** The latest of the records beyond the number to keep. */
  readonly lastPruned: Statement<[namespace: string, keep: number], { stamp: Stamp }>
  readonly prune: Statement<[namespace: string, upTo: Stamp]>
  /**
   * A replacement, which expires at `until`; null: never. `at` is the clock when it was recorded.
   */
  readonly replace: Statement<
    [{ namespace: string; key: string; stamp: Stamp; at: Stamp; until: number | null }]
  >
  /** The replacements recorded since, in order. */
  readonly replacedAfter: Statement<
    [namespace: string, at: Stamp],
    { key: string; stamp: Stamp; at: Stamp; until: number | null }
  >
  readonly deleteEnded: Statement<[now: number]>
  /** The latest of the replacements beyond the number to keep. */
  readonly lastReplaced: Statement<[namespace: string, keep: number], { stamp: Stamp }>
  readonly pruneReplaced: Statement<[namespace: string, upTo: Stamp]>
  readonly read: Statement<[namespace: string, key: string, now: number], { frame: Buffer }>
  /** A page of the namespace's keys after one, with the first bytes of their frames. */
  readonly scan: Statement<
    [{ namespace: string; after: string; limit: number; most: number }],
    { key: string; head: Buffer; goneAt: number }
  >
  readonly write: Statement<
    [namespace: string, key: string, stamp: Stamp, goneAt: number, frame: Buffer]
  >
  /** Replaces the existing frame, keeping its stamp and expiry. */
  readonly rewrite: Statement<[frame: Buffer, namespace: string, key: string]>
  readonly delete: Statement<[namespace: string, key: string]>
  readonly deleteUpTo: Statement<[namespace: string, key: string, stamp: Stamp]>
  readonly deleteAll: Statement<[namespace: string]>
  readonly deleteGone: Statement<[now: number]>
  /** A key's fill, or the outcome of the last one if that was within a lease. */
  readonly fill: Statement<
    [namespace: string, key: string, now: number],
    { token: string; ended: Exclude<FillEnd, 'unknown'> | null; waits: string | null }
  >
  readonly beginFill: Statement<[namespace: string, key: string, token: string, until: number]>
  readonly renewFill: Statement<
    [until: number, namespace: string, key: string, token: string, now: number]
  >
  readonly endFill: Statement<
    [
      ended: Exclude<FillEnd, 'unknown'>,
      traceparent: string | null,
      until: number,
      namespace: string,
      key: string,
      token: string
    ]
  >
  readonly setWaits: Statement<[waits: string, namespace: string, key: string, token: string]>
  readonly waits: Statement<
    [namespace: string, key: string, token: string, now: number],
    { waits: string | null }
  >
  readonly deleteFills: Statement<[now: number]>
  /** Deletes the entries that expire soonest, as many as needed to free the bytes. */
  readonly deleteSoonest: Statement<[bytes: number]>
}

export function prepare (db: Database): Statements {
  // SQLite's own clock in microseconds, so that the stamp is taken under the lock and not before
  // waiting for it.
  const now = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
  return {
    db,
    dataVersion: db.prepare<[], number>('PRAGMA data_version').pluck(),
    used: db.prepare(`
      SELECT (page_count - freelist_count) * page_size AS used
      FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`),

    names: db.prepare('SELECT name FROM namespaces ORDER BY name LIMIT 1000'),
    namespace: db.prepare('SELECT clock, floor FROM namespaces WHERE name = ?'),
    // The clock counts milliseconds, and stamps count on within one: the floor has to be above
    // those of the current one.
    begin: db.prepare(`
      INSERT OR IGNORE INTO namespaces (name, clock, floor)
      VALUES ($name, max($known, ${now} + 1000), max($known, ${now} + 1000))`),
    goOn: db.prepare(
      'UPDATE namespaces SET clock = max(clock, $known), floor = max(floor, $known) WHERE name = $name'
    ),
    tick: db.prepare(
      `UPDATE namespaces SET clock = max(clock + 1, ${now}) WHERE name = ? RETURNING clock`
    ),
    raise: db.prepare('UPDATE namespaces SET floor = max(floor, ?) WHERE name = ?'),

    record: db.prepare(`
      INSERT INTO tags (namespace, tag, stamp) VALUES (?, ?, ?)
      ON CONFLICT (namespace, tag) DO UPDATE SET stamp = excluded.stamp`),
    recordsAfter: db.prepare(
      'SELECT tag, stamp FROM tags WHERE namespace = ? AND stamp > ? ORDER BY stamp'
    ),
    lastPruned: db.prepare(
      'SELECT stamp FROM tags WHERE namespace = ? ORDER BY stamp DESC LIMIT 1 OFFSET ?'
    ),
    prune: db.prepare('DELETE FROM tags WHERE namespace = ? AND stamp <= ?'),

    replace: db.prepare(`
      INSERT INTO replaced (namespace, key, stamp, at, until) VALUES ($namespace, $key, $stamp, $at, $until)
      ON CONFLICT (namespace, key) DO UPDATE SET stamp = max(stamp, excluded.stamp), at = excluded.at,
        until = CASE WHEN until IS NULL OR excluded.until IS NULL THEN NULL ELSE max(until, excluded.until) END`),
    replacedAfter: db.prepare(
      'SELECT key, stamp, at, until FROM replaced WHERE namespace = ? AND at > ? ORDER BY at'
    ),
    deleteEnded: db.prepare(`
      DELETE FROM replaced WHERE (namespace, key) IN (
        SELECT namespace, key FROM replaced WHERE until IS NOT NULL AND until <= ? ORDER BY until LIMIT 16)`),
    lastReplaced: db.prepare(
      'SELECT stamp FROM replaced WHERE namespace = ? ORDER BY stamp DESC LIMIT 1 OFFSET ?'
    ),
    pruneReplaced: db.prepare('DELETE FROM replaced WHERE namespace = ? AND stamp <= ?'),

    read: db.prepare('SELECT frame FROM entries WHERE namespace = ? AND key = ? AND gone_at > ?'),
    scan: db.prepare(`
      SELECT key, gone_at AS goneAt, substr(frame, 1, $most) AS head
      FROM entries WHERE namespace = $namespace AND key > $after ORDER BY key LIMIT $limit`),
    write: db.prepare(`
      INSERT INTO entries (namespace, key, stamp, gone_at, frame) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (namespace, key) DO UPDATE SET stamp = excluded.stamp, gone_at = excluded.gone_at, frame = excluded.frame
      WHERE excluded.stamp >= entries.stamp`),
    rewrite: db.prepare('UPDATE entries SET frame = ? WHERE namespace = ? AND key = ?'),
    delete: db.prepare('DELETE FROM entries WHERE namespace = ? AND key = ?'),
    deleteUpTo: db.prepare('DELETE FROM entries WHERE namespace = ? AND key = ? AND stamp <= ?'),
    deleteAll: db.prepare('DELETE FROM entries WHERE namespace = ?'),
    deleteGone: db.prepare(
      'DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE gone_at <= ? ORDER BY gone_at LIMIT 512)'
    ),
    fill: db.prepare(
      'SELECT token, ended, waits FROM fills WHERE namespace = ? AND key = ? AND until > ?'
    ),
    beginFill: db.prepare(
      'INSERT OR REPLACE INTO fills (namespace, key, token, until) VALUES (?, ?, ?, ?)'
    ),
    renewFill: db.prepare(
      'UPDATE fills SET until = ? WHERE namespace = ? AND key = ? AND token = ? AND ended IS NULL AND until > ?'
    ),
    endFill: db.prepare(
      'UPDATE fills SET ended = ?, waits = ?, until = ? ' +
      'WHERE namespace = ? AND key = ? AND token = ? AND ended IS NULL'
    ),
    setWaits: db.prepare(
      'UPDATE fills SET waits = ? WHERE namespace = ? AND key = ? AND token = ? AND ended IS NULL'
    ),
    waits: db.prepare(
      'SELECT waits FROM fills WHERE namespace = ? AND key = ? AND token = ? AND ended IS NULL AND until > ?'
    ),
    deleteFills: db.prepare(
      'DELETE FROM fills WHERE (namespace, key) IN (SELECT namespace, key FROM fills WHERE until <= ? LIMIT 512)'
    ),
    deleteSoonest: db.prepare(`
      DELETE FROM entries WHERE id IN (
        SELECT id FROM (
          SELECT id, sum(size) OVER (ORDER BY gone_at, id) - size AS freed
          FROM (SELECT id, gone_at, length(frame) AS size FROM entries ORDER BY gone_at, id LIMIT 256))
        WHERE freed < ?)`)
  }
}
