import type { Database } from 'better-sqlite3'

// Changes with every change of the tables. A file of another version is emptied rather than
// migrated, since it is a cache.
const VERSION = 5

/**
 * Creates the tables if the file is new. The lock of BEGIN IMMEDIATE orders instances that do so at
 * the same moment.
 *
 * `namespaces` holds a namespace's clock and floor, `tags` the records of its invalidations,
 * `replaced` those of its replacements, `entries` the frames, `fills` the leases to compute them,
 * and `waits` the fills that each fill waits for.
 */
export function migrate (db: Database): void {
  db.transaction(() => {
    const version = db.pragma('user_version', { simple: true })
    if (version === VERSION) return
    db.exec(`
      DROP TABLE IF EXISTS namespaces; DROP TABLE IF EXISTS tags; DROP TABLE IF EXISTS entries;
      DROP TABLE IF EXISTS fills; DROP TABLE IF EXISTS replaced;
      CREATE TABLE namespaces (name TEXT PRIMARY KEY, clock INTEGER NOT NULL, floor INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE tags (namespace TEXT NOT NULL, tag TEXT NOT NULL, stamp INTEGER NOT NULL, PRIMARY KEY (namespace, tag)) WITHOUT ROWID;
      CREATE INDEX tags_by_stamp ON tags (namespace, stamp);
      CREATE TABLE replaced (
        namespace TEXT NOT NULL, key TEXT NOT NULL, stamp INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER,
        PRIMARY KEY (namespace, key)
      ) WITHOUT ROWID;
      CREATE INDEX replaced_by_stamp ON replaced (namespace, stamp);
      CREATE INDEX replaced_by_record ON replaced (namespace, at);
      CREATE INDEX replaced_by_end ON replaced (until) WHERE until IS NOT NULL;
      CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        namespace TEXT NOT NULL, key TEXT NOT NULL,
        stamp INTEGER NOT NULL, gone_at INTEGER NOT NULL, frame BLOB NOT NULL,
        UNIQUE (namespace, key)
      );
      CREATE INDEX entries_by_end ON entries (gone_at);
      CREATE TABLE fills (
        namespace TEXT NOT NULL, key TEXT NOT NULL,
        token TEXT NOT NULL, ended TEXT, waits TEXT, until INTEGER NOT NULL,
        PRIMARY KEY (namespace, key)
      ) WITHOUT ROWID;
      CREATE INDEX fills_by_end ON fills (until);
      PRAGMA user_version = ${VERSION};
    `)
  }).immediate()
}
