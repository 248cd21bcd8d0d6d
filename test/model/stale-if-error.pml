/*
 * Coalesced readers of one key on one instance, and the stale value that stands in for a fill that
 * fails (stale-if-error). One reader, or a revalidation in the background, leads and computes; the
 * others wait for its outcome, and each judges for itself whether it may use it.
 *
 * The properties (the assertions in `serve` and `serveInPlaceOfError`):
 * - A read that began after the write of version v was acknowledged never returns a version below v.
 * - A read that is served a stale value in place of an error never returns a version below v if the
 *   write was acknowledged before the fill failed: the value is judged when it is served.
 *
 * The lease is in coherence.pml. This model takes for granted what that one shows: a write is
 * acknowledged only when no instance judges without its invalidation.
 */

#ifndef READERS
#define READERS 3
#endif
#ifndef WRITES
#define WRITES 1
#endif

/* The database, the store, and the record as known to this instance. */
byte database, acked /* the version last committed, and last acknowledged */
byte clock, tag, heard
byte entryVersion, entryStamp /* stamp 0: no entry */

/* Checks by the mirror. The store's own record is never lower: a check by the store is at least as strict. */
#define valid(stamp) (stamp > heard)

/* The flight: a computation of the key. Only one is open at a time. */
bool open
byte heldVersion, heldStamp /* the stale value at hand; stamp 0: none */

/* The readers. */
mtype = { AWAY, ARRIVED, WAITING, VALUE, FAILED }
mtype reader[READERS] = AWAY
byte floor[READERS] /* the version that was acknowledged when the reader arrived */
byte failFloor[READERS] /* the version that was acknowledged when its fill failed */
bool early[READERS] /* the reader arrived before the flight began to compute */
byte gotVersion[READERS], gotStamp[READERS] /* an outcome that the reader has yet to look at */

byte each

/* A flight takes this step when it opens, and again when it begins to compute. */
inline start () {
  for (each : 0 .. READERS - 1) {
    if
    :: reader[each] == ARRIVED || reader[each] == WAITING -> early[each] = true
    :: else
    fi
  }
}

/* Ends the flight: every waiting reader has its outcome. */
inline finish (outcome, version, stamp) {
  for (each : 0 .. READERS - 1) {
    if
    :: reader[each] == WAITING ->
      reader[each] = outcome; gotVersion[each] = version; gotStamp[each] = stamp
      failFloor[each] = (outcome == FAILED -> acked : 0)
    :: else
    fi
  }
  open = false; heldVersion = 0; heldStamp = 0
}

inline leave () {
  reader[i] = AWAY; floor[i] = 0; failFloor[i] = 0; early[i] = false; gotVersion[i] = 0; gotStamp[i] = 0
}

inline serve (version) { assert(version >= floor[i]) }
inline serveInPlaceOfError (version) {
  assert(version >= floor[i])
#ifndef BY_ARRIVAL
  assert(version >= failFloor[i])
#endif
}

/* Rules that are one expression, and the mutants that break one each. */

#if defined(STALE_UNJUDGED) || defined(JUDGED_BY_FLIGHT)
#define mayStandIn true
#elif defined(STALE_AS_VALUE) /* as if it were the value that the flight computed */
#define mayStandIn (early[i] || valid(gotStamp[i]))
#else
#define mayStandIn valid(gotStamp[i])
#endif

#ifdef LEADER_UNJUDGED /* judged when it was found */
#define mayStandInForOwn true
#else
#define mayStandInForOwn valid(gotStamp[i])
#endif

#ifdef VALUE_UNJUDGED
#define mayTake true
#else
#define mayTake (early[i] || valid(gotStamp[i]))
#endif

proctype Writer () {
  do
  :: database < WRITES ->
    database++
    atomic { clock++; tag = clock }
    atomic { heard == tag -> acked = database }
  :: else -> break
  od
}

proctype Listener () {
  do
  :: atomic { heard < tag -> heard = tag }
  od
}

/* The stamp is issued when the fill lease is granted; that answer may come much later. */
inline compute () {
  taken = clock + 1
#ifdef LATE_START /* readers that arrive while the database is read count as early */
  computed = database
  atomic { start() }
#else
  atomic { start() }
  computed = database
#endif
}

inline store () { entryVersion = computed; entryStamp = taken }

proctype Reader (byte i) {
  byte taken, computed
  do
  :: atomic { reader[i] == AWAY -> reader[i] = ARRIVED; floor[i] = acked }

  /* A hit. */
  :: atomic {
      reader[i] == ARRIVED && entryStamp != 0 && valid(entryStamp)
      serve(entryVersion); leave()
    }

  /* The entry is expired, or there is none: it waits, */
  :: atomic { reader[i] == ARRIVED && open -> reader[i] = WAITING }

  /* or it leads. A valid entry is at hand in case the fill fails. */
  :: atomic { reader[i] == ARRIVED && !open -> open = true; start() }
    if
    :: atomic {
        entryStamp != 0 && valid(entryStamp)
        heldVersion = entryVersion; heldStamp = entryStamp
      }
    :: skip
    fi
    compute()
    if
    :: atomic { store(); serve(computed); finish(VALUE, computed, taken); leave() }
    :: true ->
#ifdef JUDGED_BY_FLIGHT /* for all that wait, and for those that arrive after this step */
      if
      :: atomic { heldStamp != 0 && !valid(heldStamp) -> heldVersion = 0; heldStamp = 0 }
      :: atomic { heldStamp == 0 || valid(heldStamp) }
      fi
#endif
      atomic {
        reader[i] = WAITING /* for its own flight */
        finish(FAILED, heldVersion, heldStamp)
      }
      if
      :: atomic {
          gotStamp[i] != 0 && mayStandInForOwn
          serveInPlaceOfError(gotVersion[i]); leave()
        }
      :: atomic { leave() } /* with the error */
      fi
    fi
    atomic { taken = 0; computed = 0 }

  /* The outcome of another's flight. A value that is of no use has it start over. */
  :: atomic { reader[i] == VALUE && mayTake -> serve(gotVersion[i]); leave() }
  :: atomic {
      reader[i] == VALUE && !mayTake
      reader[i] = ARRIVED; gotVersion[i] = 0; gotStamp[i] = 0; early[i] = false
    }
  :: atomic {
      reader[i] == FAILED && gotStamp[i] != 0 && mayStandIn
      serveInPlaceOfError(gotVersion[i]); leave()
    }
  /* Without a value it throws, or computes its own. */
  :: atomic { reader[i] == FAILED && (gotStamp[i] == 0 || !mayStandIn) -> leave() }
  od
}

#ifdef BACKGROUND
/* Revalidates an entry that a reader was served: judged then, and not since. */
proctype Revalidation () {
  byte version, stamp, taken, computed
  do
  :: atomic {
      entryStamp != 0 && valid(entryStamp)
      version = entryVersion; stamp = entryStamp
    }
    atomic {
      !open -> open = true; start()
      heldVersion = version; heldStamp = stamp; version = 0; stamp = 0
    }
    compute()
    if
    :: atomic { store(); finish(VALUE, computed, taken) }
    :: true ->
#ifdef JUDGED_BY_FLIGHT
      if
      :: atomic { heldStamp != 0 && !valid(heldStamp) -> heldVersion = 0; heldStamp = 0 }
      :: atomic { heldStamp == 0 || valid(heldStamp) }
      fi
#endif
      atomic { finish(FAILED, heldVersion, heldStamp) }
    fi
    atomic { taken = 0; computed = 0 }
  od
}
#endif

init {
  atomic {
    run Writer(); run Listener()
#ifdef BACKGROUND
    run Revalidation()
#endif
    for (each : 0 .. READERS - 1) { run Reader(each) }
  }
}
