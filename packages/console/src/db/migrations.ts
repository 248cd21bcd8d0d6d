import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely'

/**
 * Migrations use SQL's snake_case and no table types: each runs against an older schema than the
 * current one.
 */
type AnyDatabase = Kysely<unknown>

const period = sql`step text not null check (step in ('minute', 'hour')), at integer not null`
const series = sql`
  count integer not null,
  shared integer not null,
  not_modified integer not null,
  bytes integer not null,
  saved_micros integer not null,
  latency_sum_micros integer not null,
  latency text not null`

const counts: Migration = {
  async up (db: AnyDatabase) {
    await sql`
      create table records (
        minute integer not null,
        run text not null,
        seq integer not null,
        record text not null,
        primary key (minute, run)
      ) strict`.execute(db)

    await sql`
      create table instances (
        service text not null,
        instance text not null,
        last_seen_at integer not null,
        state text not null,
        primary key (service, instance)
      ) strict`.execute(db)

    // Keys begin with the time because all queries select a range of it. Counts are stored by route
    // and by instance but not by both, because no query needs the combination.
    await sql`
      create table route_counts (
        ${period}, service text not null, route text not null, outcome text not null, ${series},
        primary key (step, at, service, route, outcome)
      ) strict, without rowid`.execute(db)
    await sql`
      create table instance_counts (
        ${period}, service text not null, instance text not null, outcome text not null, ${series},
        primary key (step, at, service, instance, outcome)
      ) strict, without rowid`.execute(db)
    await sql`
      create table reasons (
        ${period}, service text not null, route text not null, reason text not null, count integer not null,
        primary key (step, at, service, route, reason)
      ) strict, without rowid`.execute(db)
    await sql`
      create table fills (
        ${period}, service text not null, instance text not null, filled_by text not null, count integer not null,
        primary key (step, at, service, instance, filled_by)
      ) strict, without rowid`.execute(db)
    await sql`
      create table denials (
        ${period}, service text not null, route text not null, policy text not null, client text not null, count integer not null,
        primary key (step, at, service, route, policy, client)
      ) strict, without rowid`.execute(db)
  }
}

const caches: Migration = {
  async up (db: AnyDatabase) {
    await sql`
      create table cache_counts (
        ${period}, service text not null, cache text not null, l1 integer not null, l2 integer not null, coalesced integer not null,
        stale integer not null, misses integer not null, saved_micros integer not null,
        primary key (step, at, service, cache)
      ) strict, without rowid`.execute(db)
  }
}

/** Stores used login codes until they expire. */
const logins: Migration = {
  async up (db: AnyDatabase) {
    await sql`create table logins (digest text not null primary key, expires_at integer not null) strict`.execute(
      db
    )
  }
}

/** Adds the event log and the indexes for the history of one route. */
const events: Migration = {
  async up (db: AnyDatabase) {
    // Ids of pruned events are never reused: viewers continue after the last id they know.
    await sql`
      create table events (
        id integer primary key autoincrement,
        key text not null unique,
        at integer not null,
        kind text not null,
        service text,
        instance text,
        namespace text,
        tags text not null,
        about text
      ) strict`.execute(db)
    await sql`create index events_by_time on events (at)`.execute(db)
    await sql`create index events_by_kind on events (kind, at)`.execute(db)
    await sql`create index route_counts_by_route on route_counts (step, route, at)`.execute(db)
    await sql`create index reasons_by_route on reasons (step, route, at)`.execute(db)
  }
}

/** Migrations are applied in the order of their names. Never edit a released one. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001-counts': counts,
    '0002-caches': caches,
    '0003-logins': logins,
    '0004-events': events
  })
}
