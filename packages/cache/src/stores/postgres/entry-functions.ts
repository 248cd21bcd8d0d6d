import { COUNTER_VERSION, NUMBER_OFFSET, NUMBER_WIDTH } from '../../counter-frame.js'
import { CHECKSUM_OFFSET, HEADER, STAMP_OFFSET, STORED_AT_OFFSET } from '../../frame.js'

const NUMBER_END = NUMBER_OFFSET + NUMBER_WIDTH

/** Bytes of a frame; Postgres counts from 1. */
const bytes = (frame: string, offset: number, length: number) =>
  `substring(${frame} FROM ${offset + 1} FOR ${length})`
const HEAD = bytes('frame', 0, NUMBER_END)
const version = (head: string) =>
  `${bytes(head, STAMP_OFFSET, STORED_AT_OFFSET + 8 - STAMP_OFFSET)} || ${bytes(head, CHECKSUM_OFFSET, 4)}`
const isCounter = (frame: string) =>
  `(length(${frame}) >= ${NUMBER_END} AND get_byte(${frame}, 1) = ${COUNTER_VERSION})`
const number = (head: string) => bytes(head, NUMBER_OFFSET, NUMBER_WIDTH)
const withNumber = (frame: string, number: string) =>
  `overlay(${frame} PLACING ${number} FROM ${NUMBER_OFFSET + 1})`

const after = (ms: string) => `clock_timestamp() + ${ms} * interval '1 millisecond'`
const IS_THERE = 'ends > clock_timestamp()'

// Notifies only if others wait for the fill: commits with a notification wait for each other.
// `_trace`: the fill's span; null if it has none.
const RELEASE = `
DELETE FROM %fills WHERE id = _id AND token = _token RETURNING is_awaited INTO _is_awaited;
IF _is_awaited THEN PERFORM pg_notify(_channel, concat_ws(' ', _how, _token, _trace)); END IF;
`

/**
 * SQL functions for frames and the leases to fill them.
 *
 * Frames are read only as far as needed to compare them. Rows are locked in order of their ids, so
 * no two calls deadlock.
 */
export const ENTRY_FUNCTIONS = {
  get: {
    takes: '_ids bytea[]',
    returns: 'TABLE (id bytea, frame bytea)',
    does: `RETURN QUERY SELECT e.id, e.frame FROM %entries e WHERE e.id = ANY(_ids) AND ${IS_THERE};`
  },

  /** Never replaces a frame with a higher stamp. Ends the lease of the token, if there is one. */
  set: {
    takes: `_id bytea, _frame bytea, _stamp float8, _ttl float8, _channel text, _token text,
      _ns bigint, _name bytea, _trace text`,
    returns: 'void',
    declares: "_is_awaited boolean; _how text := 'done';",
    does: `
      INSERT INTO %entries AS e (id, stamp, ends, frame, ns, name)
      VALUES (_id, _stamp, ${after('_ttl')}, _frame, _ns, _name)
      ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, ends = excluded.ends, frame = excluded.frame,
        ns = excluded.ns, name = excluded.name
      WHERE e.stamp <= excluded.stamp OR e.ends <= clock_timestamp();
      IF _token IS NOT NULL THEN ${RELEASE} END IF;`
  },

  /**
   * One page of a namespace's frames after an id, with their first bytes. Expired frames are
   * included, because skipping them has no bound. Entries of the previous version have no name.
   */
  scan: {
    takes: '_ns bigint, _after bytea, _limit int, _bytes int',
    returns: 'TABLE (id bytea, name bytea, head bytea, is_there boolean)',
    does: `RETURN QUERY
      SELECT e.id, e.name, substring(e.frame FROM 1 FOR _bytes), e.${IS_THERE}
      FROM %entries e WHERE e.ns = _ns AND e.id > _after ORDER BY e.id LIMIT _limit;`
  },

  namespaces: {
    takes: '',
    returns: 'SETOF bytea',
    does: 'RETURN QUERY SELECT n.name FROM %namespaces n LIMIT 1000;'
  },

  /** `_up_to` null: any stamp. */
  delete: {
    takes: '_id bytea, _up_to float8',
    returns: 'void',
    does: 'DELETE FROM %entries WHERE id = _id AND (_up_to IS NULL OR stamp <= _up_to);'
  },

  /**
   * `_seen`: the expected version of the frame, null for none; `_number`: a counter's number, null
   * for any; `_frame`: null to delete. -> null if there is another frame; otherwise '', or the
   * number of the replaced counter
   */
  swap: {
    takes: `_id bytea, _seen bytea, _number bytea, _frame bytea, _stamp float8, _ttl float8,
      _ns bigint, _name bytea`,
    returns: 'bytea',
    declares: '_head bytea; _present bytea;',
    does: `
      SELECT ${HEAD} INTO _head FROM %entries WHERE id = _id AND ${IS_THERE} FOR UPDATE;
      IF NOT FOUND THEN
        IF _seen IS NOT NULL THEN RETURN NULL; END IF;
        IF _frame IS NULL THEN RETURN ''; END IF;
        INSERT INTO %entries AS e (id, stamp, ends, frame, ns, name)
      VALUES (_id, _stamp, ${after('_ttl')}, _frame, _ns, _name)
        ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, ends = excluded.ends, frame = excluded.frame,
        ns = excluded.ns, name = excluded.name
        WHERE e.ends <= clock_timestamp();
        IF FOUND THEN RETURN ''; END IF;
        RETURN NULL;
      END IF;
      IF length(_head) < ${HEADER} OR ${version('_head')} IS DISTINCT FROM _seen THEN RETURN NULL; END IF;
      IF ${isCounter('_head')} THEN _present := ${number('_head')}; END IF;
      IF _number IS NOT NULL AND _number IS DISTINCT FROM _present THEN RETURN NULL; END IF;
      IF _frame IS NULL THEN
        DELETE FROM %entries WHERE id = _id;
      ELSE
        IF _number IS NULL AND _present IS NOT NULL AND ${isCounter('_frame')} THEN _frame := ${withNumber('_frame', '_present')}; END IF;
        UPDATE %entries SET stamp = _stamp, ends = ${after('_ttl')}, frame = _frame WHERE id = _id;
      END IF;
      RETURN coalesce(_present, '');`
  },

  /**
   * -> the sum for each counter, in order; null if there is another frame. The counter is unchanged
   * if the sum is not a safe integer.
   */
  increment: {
    takes: '_ids bytea[], _seen bytea[], _by bigint[]',
    returns: 'SETOF bigint',
    declares: '_head bytea; _sum bigint;',
    does: `
      PERFORM FROM %entries WHERE id = ANY(_ids) ORDER BY id FOR UPDATE;
      FOR i IN 1 .. cardinality(_ids) LOOP
        _sum := NULL;
        SELECT ${HEAD} INTO _head FROM %entries WHERE id = _ids[i] AND ${IS_THERE};
        IF FOUND AND ${isCounter('_head')} AND ${version('_head')} = _seen[i] THEN
          _sum := convert_from(${number('_head')}, 'UTF8')::bigint + _by[i];
          IF abs(_sum) <= ${Number.MAX_SAFE_INTEGER} THEN
            UPDATE %entries SET frame = ${withNumber(
              'frame',
              `
              convert_to(CASE WHEN _sum < 0 THEN '-' ELSE '+' END || lpad(abs(_sum)::text, ${NUMBER_WIDTH - 1}, '0'), 'UTF8')`
            )}
            WHERE id = _ids[i];
          END IF;
        END IF;
        RETURN NEXT _sum;
      END LOOP;`
  },

  /**
   * `_seen`, `_stored_at`: stamp and storedAt of an unusable frame. -> the frame, if there is
   * another; or the token of the lease's holder and the remaining milliseconds; or, if granted, the
   * namespace's clock and epoch, if known
   */
  claim: {
    takes: `_id bytea, _ns bigint, _seen float8, _stored_at bytea, _token text, _ttl float8,
      OUT frame bytea, OUT token text, OUT remaining float8, OUT clock bigint, OUT epoch uuid`,
    returns: 'record',
    declares: '_is_granted boolean := false; f record;',
    does: `
      LOOP
        SELECT e.frame INTO frame FROM %entries e
        WHERE e.id = _id AND ${IS_THERE} AND (
          length(e.frame) < ${HEADER} OR e.stamp > _seen
          OR e.stamp = _seen AND ${bytes('e.frame', STORED_AT_OFFSET, 8)} <> _stored_at);
        IF FOUND THEN
          -- It was stored before the lease was taken.
          IF _is_granted THEN DELETE FROM %fills l WHERE l.id = _id; END IF;
          RETURN;
        END IF;
        IF _is_granted THEN
          SELECT n.clock, n.epoch INTO clock, epoch FROM %namespaces n WHERE n.ns = _ns;
          RETURN;
        END IF;
        INSERT INTO %fills AS l (id, token, ends, is_awaited) VALUES (_id, _token, ${after('_ttl')}, false)
        ON CONFLICT (id) DO UPDATE SET token = excluded.token, ends = excluded.ends, is_awaited = false, waits = NULL
        WHERE l.ends <= clock_timestamp();
        _is_granted := FOUND;
        IF NOT _is_granted THEN
          SELECT * INTO f FROM %fills l WHERE l.id = _id AND ${IS_THERE} FOR UPDATE;
          IF FOUND THEN
            IF NOT f.is_awaited THEN UPDATE %fills l SET is_awaited = true WHERE l.id = _id; END IF;
            token := f.token;
            remaining := extract(epoch FROM f.ends - clock_timestamp()) * 1000;
            RETURN;
          END IF;
        END IF;
      END LOOP;`
  },

  release: {
    takes: '_id bytea, _token text, _how text, _channel text, _trace text',
    returns: 'void',
    declares: '_is_awaited boolean;',
    does: RELEASE
  },

  /** -> whether the token still holds the lease */
  renew: {
    takes: '_id bytea, _token text, _ttl float8',
    returns: 'boolean',
    does: `
      UPDATE %fills SET ends = ${after('_ttl')} WHERE id = _id AND token = _token AND ${IS_THERE};
      RETURN FOUND;`
  },

  set_waits: {
    takes: '_id bytea, _token text, _waits bytea',
    returns: 'void',
    does: 'UPDATE %fills SET waits = _waits WHERE id = _id AND token = _token;'
  },

  waits: {
    takes: '_id bytea, _token text',
    returns: 'SETOF bytea',
    does: `RETURN QUERY SELECT waits FROM %fills WHERE id = _id AND token = _token AND ${IS_THERE};`
  },

  /** Deletes some expired rows, skipping locked ones. */
  sweep: {
    takes: '_at_once int',
    returns: 'void',
    does: `
      DELETE FROM %entries WHERE id IN (
        SELECT id FROM %entries WHERE ends <= clock_timestamp() ORDER BY ends LIMIT _at_once FOR UPDATE SKIP LOCKED);
      DELETE FROM %fills WHERE id IN (
        SELECT id FROM %fills WHERE ends <= clock_timestamp() ORDER BY ends LIMIT _at_once FOR UPDATE SKIP LOCKED);`
  }
} as const
