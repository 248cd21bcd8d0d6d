// The server's clock in microseconds, at this moment: the transaction may have begun long before it
// got the lock.
const NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint'

/**
 * SQL functions for a namespace's records. Each is one transaction and one round trip.
 *
 * The caller passes what it knows of the namespace: the latest stamp (none below it is issued,
 * whatever happened to the server's clock or to the row) and the epoch. If the row is now another
 * one, its records are lost, and everything the caller may hold is invalidated.
 */
const CALLER = '_ns bigint, _name bytea, _known bigint, _epoch uuid'

/**
 * Locks the namespace's row and issues a stamp.
 *
 * The lock is held until the commit, so commits of a namespace follow the order of their stamps.
 * Each later statement sees everything committed before, as in READ COMMITTED; a stricter isolation
 * level fails instead, and the call is retried.
 */
const ENTER = `
LOOP
  SELECT * INTO n FROM %namespaces WHERE ns = _ns FOR UPDATE;
  EXIT WHEN FOUND;
  _stamp := greatest(_known, ${NOW});
  INSERT INTO %namespaces (ns, name, epoch, clock, changed, floor, began, tags, keys)
  VALUES (_ns, _name, gen_random_uuid(), _stamp, _stamp, _stamp, _stamp, 0, 0) ON CONFLICT DO NOTHING;
END LOOP;
_stamp := greatest(greatest(n.clock, _known) + 1, ${NOW});
IF n.epoch <> _epoch AND n.floor < _known THEN
  n.floor := _known;
  n.changed := _stamp;
END IF;
`
const VARIABLES = 'n record; _stamp bigint;'

const LEAVE = `
UPDATE %namespaces SET clock = _stamp, changed = n.changed, floor = n.floor, tags = n.tags, keys = n.keys WHERE ns = _ns;
`

/**
 * Prunes records: every writer does so, a bounded number at a time.
 *
 * Records beyond the limit are dropped, oldest first, and the floor rises to the last of them.
 * Expired replacements are dropped too.
 */
const PRUNE_VARIABLES = '_new int; _gone int; _last bigint;'
const pruneOf = (count: 'tags' | 'keys', written: string) => `
IF n.${count} > _most THEN
  WITH gone AS (
    DELETE FROM %records WHERE id IN (
      SELECT id FROM %records WHERE ns = _ns AND is_key = ${count === 'keys'}
      ORDER BY at, id LIMIT least(n.${count} - _most, ${written} + 16))
    RETURNING stamp)
  SELECT count(*), max(stamp) INTO _gone, _last FROM gone;
  n.${count} := n.${count} - _gone;
  n.floor := greatest(n.floor, _last);
END IF;
`
const PRUNE_ENDED = `
WITH gone AS (
  DELETE FROM %records WHERE id IN (
    SELECT id FROM %records WHERE ns = _ns AND until <= clock_timestamp() ORDER BY until LIMIT 16)
  RETURNING 1)
SELECT count(*) INTO _gone FROM gone;
n.keys := n.keys - _gone;
`

/**
 * Records a replacement of the key up to `_up_to`. Recording one late does not lower a later one.
 */
const replacedAt = (upTo: string) => `
INSERT INTO %records AS r (id, ns, is_key, name, stamp, at, until)
VALUES (_key, _ns, true, _key_name, ${upTo}, _stamp, to_timestamp(_until / 1000))
ON CONFLICT (id) DO NOTHING;
IF FOUND THEN
  n.keys := n.keys + 1;
ELSE
  UPDATE %records SET stamp = greatest(stamp, ${upTo}), at = _stamp,
    until = CASE WHEN until IS NULL OR _until IS NULL THEN NULL ELSE greatest(until, to_timestamp(_until / 1000)) END
  WHERE id = _key;
END IF;
n.changed := _stamp;
${PRUNE_ENDED}${pruneOf('keys', '1')}`

const TELL = "PERFORM pg_notify(_channel, 'changed');"

/**
 * Reports whether one of these records, or the floor, ends the entry. `_proven`: the entry is known
 * to be valid with regard to floors up to this stamp.
 */
const endedBy = (ids: string) =>
  `_proven <= n.floor OR EXISTS (SELECT FROM %records WHERE id = ANY(${ids}) AND stamp >= _own)`

export const RECORD_FUNCTIONS = {
  /** -> stamp, epoch, and the floor if it is the namespace's first one, else 0 */
  stamp: {
    takes: `${CALLER}, OUT stamp bigint, OUT epoch uuid, OUT beginning bigint`,
    returns: 'record',
    declares: VARIABLES,
    does: `${ENTER}${LEAVE}
      stamp := _stamp;
      epoch := n.epoch;
      beginning := CASE WHEN n.floor = n.began THEN n.floor ELSE 0 END;`
  },

  invalidate: {
    takes: `${CALLER}, _channel text, _most int, _ids bytea[], _names bytea[], OUT stamp bigint, OUT epoch uuid`,
    returns: 'record',
    declares: VARIABLES + PRUNE_VARIABLES,
    does: `${ENTER}
      INSERT INTO %records (id, ns, is_key, name, stamp, at)
      SELECT id, _ns, false, name, _stamp, _stamp FROM unnest(_ids, _names) AS t(id, name) ON CONFLICT (id) DO NOTHING;
      GET DIAGNOSTICS _new = ROW_COUNT;
      n.tags := n.tags + _new;
      UPDATE %records SET stamp = _stamp, at = _stamp WHERE id = ANY(_ids) AND at < _stamp;
      n.changed := _stamp;
      ${pruneOf('tags', 'cardinality(_ids)')}${LEAVE}${TELL}
      stamp := _stamp;
      epoch := n.epoch;`
  },

  /** Records below the floor are obsolete. They are pruned like others, when there are too many. */
  clear: {
    takes: `${CALLER}, _channel text, OUT stamp bigint, OUT epoch uuid`,
    returns: 'record',
    declares: VARIABLES,
    does: `${ENTER}
      n.floor := _stamp;
      n.changed := _stamp;
      ${LEAVE}${TELL}
      stamp := _stamp;
      epoch := n.epoch;`
  },

  /**
   * -> a stamp above that of the replacement; null, and nothing is replaced, if the entry is
   * invalid
   */
  replace: {
    takes: `${CALLER}, _channel text, _most int, _own float8, _proven float8, _tags bytea[], _key bytea, _key_name bytea, _until float8,
      OUT stamp bigint, OUT epoch uuid`,
    returns: 'record',
    declares: VARIABLES + PRUNE_VARIABLES,
    does: `${ENTER}
      epoch := n.epoch;
      IF ${endedBy('_tags')} OR _until IS NOT NULL AND EXISTS (SELECT FROM %records WHERE id = _key AND stamp >= _own) THEN
        ${LEAVE}
        RETURN;
      END IF;
      ${replacedAt('_stamp')}
      _stamp := _stamp + 1;
      ${LEAVE}${TELL}
      stamp := _stamp;`
  },

  /** -> a stamp; null if the entry is invalid as of that stamp */
  stamp_if_valid: {
    takes: `${CALLER}, _own float8, _proven float8, _ids bytea[], OUT stamp bigint, OUT epoch uuid`,
    returns: 'record',
    declares: VARIABLES,
    does: `${ENTER}
      IF NOT (${endedBy('_ids')}) THEN stamp := _stamp; END IF;
      ${LEAVE}
      epoch := n.epoch;`
  },

  replaced: {
    takes: `${CALLER}, _channel text, _most int, _up_to bigint, _key bytea, _key_name bytea, _until float8, OUT stamp bigint, OUT epoch uuid`,
    returns: 'record',
    declares: VARIABLES + PRUNE_VARIABLES,
    does: `${ENTER}
      IF _up_to > n.floor THEN
        ${replacedAt('_up_to')}
        ${TELL}
      END IF;
      ${LEAVE}
      stamp := _stamp;
      epoch := n.epoch;`
  },

  /**
   * -> epoch, clock and floor in each row, with each existing record. One statement, so everything
   * is as of one moment.
   */
  records: {
    takes: '_ns bigint, _ids bytea[]',
    returns: 'TABLE (epoch uuid, clock bigint, floor bigint, id bytea, stamp bigint)',
    does: `RETURN QUERY
      SELECT n.epoch, n.clock, n.floor, r.id, r.stamp
      FROM %namespaces n LEFT JOIN %records r ON r.id = ANY(_ids) WHERE n.ns = _ns;`
  },

  /**
   * New records of each namespace, oldest first: those of tags after (tag_at, tag_id), those of
   * keys after (key_at, key_id), up to `_at_once` of each, if anything has changed since `_seen`. A
   * row without a record holds epoch, clock, changed and floor; a row with nothing else means that
   * the namespace does not exist.
   *
   * One statement, so everything is as of one moment: the floor it loads covers records that are
   * pruned before they are loaded. Only a server that would execute an invalidation answers: a
   * standby refuses to read an unlogged table.
   */
  news: {
    takes:
      '_ns bigint[], _seen bigint[], _tag_at bigint[], _tag_id bytea[], _key_at bigint[], _key_id bytea[], _at_once int',
    returns: `TABLE (ns bigint, epoch uuid, clock bigint, changed bigint, floor bigint,
      is_key boolean, id bytea, at bigint, stamp bigint, name bytea, until float8)`,
    does: `RETURN QUERY
      SELECT k.ns, n.epoch, n.clock, n.changed, n.floor, r.is_key, r.id, r.at, r.stamp, r.name, extract(epoch FROM r.until)::float8 * 1000
      FROM unnest(_ns, _seen, _tag_at, _tag_id, _key_at, _key_id) AS k(ns, seen, tag_at, tag_id, key_at, key_id)
      LEFT JOIN %namespaces n ON n.ns = k.ns
      LEFT JOIN LATERAL (
        (SELECT * FROM %records x
        WHERE n.changed > k.seen AND x.ns = k.ns AND NOT x.is_key AND (x.at, x.id) > (k.tag_at, k.tag_id)
        ORDER BY x.at, x.id LIMIT _at_once)
        UNION ALL
        (SELECT * FROM %records x
        WHERE n.changed > k.seen AND x.ns = k.ns AND x.is_key AND (x.at, x.id) > (k.key_at, k.key_id)
        ORDER BY x.at, x.id LIMIT _at_once)
      ) r ON true
      ORDER BY k.ns, r.at, r.id;`
  }
} as const
