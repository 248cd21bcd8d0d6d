/*
 * Putting an entry in place of one that is still valid: a refill (stale-while-revalidate, `no-cache`) or
 * `set`. A replacement has a record of its own, apart from those of invalidations, and that record ends
 * when the replaced entries have. One key, the store, and the instances' mirrors of its records.
 *
 * The properties (the assertion in `serve`), one in each kind of search:
 * - WRITES=0, FILLERS=1: a read that began after another had returned version v never returns one below
 *   v. The database changes by itself, and nothing is invalidated.
 * - WRITES>0: a read that began after the write of version v was acknowledged never returns a version
 *   below v, whatever replaces what, however late, and even if the fill lease is lost.
 *
 * The coherence lease is in coherence.pml. This model takes for granted what that one shows: once a wait
 * for leases is over, every instance that judges by its mirror has heard what was published before.
 */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef FILLERS
#define FILLERS 1 /* 1: fills do not overlap, because of the fill lease */
#endif
#ifndef FILLS
#define FILLS 3 /* total number of fills and sets */
#endif
#ifndef CHANGES
#define CHANGES 0 /* of the database, without an invalidation */
#endif
#ifndef WRITES
#define WRITES 0 /* each with an invalidation of the key */
#endif
#ifndef SETS
#define SETS 0
#endif

#define EVENTS (FILLS + WRITES)
#define bit(id) (1 << id)
#define FOREVER bit(0) /* the entry that never ends. No entry has the number 0. */

/* The database. */
byte database, acked /* the version last committed, and last acknowledged */
byte returned /* the highest version that a read has returned */

/* The store: the clock and the records. */
byte clock
byte invalidated
byte replaced, outlasts /* the record of a replacement ends when all these entries have */

/* Entries by number. Each may be in any instance's memory until it ends. */
byte fills /* begun so far */
byte entries /* stored so far */
byte entryVersion[FILLS + 1], entryStamp[FILLS + 1]
byte ended /* the set of ended entries */
byte current /* in the store; 0: none */

/* Published events, in the order in which every instance receives them. */
byte published
byte eventStamp[EVENTS], eventOutlasts[EVENTS] /* 0: an invalidation */

/* The instances' mirrors of the records. */
bool complete[INSTANCES] = true
byte heard[INSTANCES] /* number of events received */
byte heardInvalidated[INSTANCES], heardReplaced[INSTANCES], heardOutlasts[INSTANCES]

byte each

/* Rule V. */
#define newer(stamp, invalidated, replaced) (stamp > invalidated && stamp > replaced)
#define judgedHere(i, id) (complete[i] && newer(entryStamp[id], heardInvalidated[i], heardReplaced[i]))
#define judgedByStore(id) newer(entryStamp[id], invalidated, replaced)
#define hasEnded(id) (ended & bit(id))

#ifdef FORGOTTEN /* the record may end at any time */
#define mayForget(outlasts) true
#else
#define mayForget(outlasts) ((outlasts & ~ended) == 0)
#endif

#ifdef END_LOOKED_AT_FIRST /* before the request to the store, but not after its answer */
#define mayServe(id) true
#else
#define mayServe(id) !hasEnded(id)
#endif

#ifdef UNTIL_OF_LAST /* the record lasts as long as the entry replaced last */
#define both(outlasts, entry) (entry)
#else
#define both(outlasts, entry) (outlasts | entry)
#endif

#ifdef UNCHECKED /* no replacement is refused */
#define mayReplace(stamp) true
#else
#define mayReplace(stamp) newer(stamp, invalidated, replaced)
#endif

inline publish (stamp, entry) {
  eventStamp[published] = stamp; eventOutlasts[published] = entry; published++
}

/* The lowest version that a read may return if it begins now. */
#if WRITES > 0
#define floor acked
#else
#define floor returned
#endif

inline serve (version, began) {
  assert(version >= began)
#if WRITES == 0
  returned = (version > returned -> version : returned)
#endif
}

/* Every instance has received the event, or checks no entry. For one or two instances. */
#define hasHeard(i, event) (!complete[i] || heard[i] > event)
#define waited(event) (hasHeard(0, event) && hasHeard(INSTANCES - 1, event))

proctype Time () {
  byte id
  do
  :: atomic {
      select (id : 1 .. FILLS)
      if
      :: id <= entries && !hasEnded(id) -> ended = ended | bit(id)
      :: else
      fi
      id = 0
    }
  od
}

#if CHANGES > 0
proctype Database () {
  do
  :: database < CHANGES -> database++
  :: else -> break
  od
}
#endif

#if WRITES > 0
proctype Writer () {
  byte event
  do
  :: database < WRITES ->
    database++
    atomic { clock++; invalidated = clock; event = published; publish(clock, 0) }
    atomic { waited(event) -> acked = database; event = 0 }
  :: else -> break
  od
}
#endif

/* The store deletes the record of a replacement. */
proctype Records () {
  do
  :: atomic { replaced != 0 && mayForget(outlasts) -> replaced = 0; outlasts = 0 }
  od
}

proctype Instance (byte i) {
  do
  :: atomic {
      complete[i] && heard[i] < published
      if
      :: eventOutlasts[heard[i]] == 0 -> heardInvalidated[i] = eventStamp[heard[i]]
      :: else ->
        heardReplaced[i] = eventStamp[heard[i]]
        heardOutlasts[i] = both(heardOutlasts[i], eventOutlasts[heard[i]])
#ifdef SHARED_RECORD
        heardInvalidated[i] = 0
#endif
      fi
      heard[i]++
    }
  :: atomic {
      heardReplaced[i] != 0 && mayForget(heardOutlasts[i])
      heardReplaced[i] = 0; heardOutlasts[i] = 0
    }
#ifdef LOSSES
  /* The connection is lost. On the next one, the records are read again. */
  :: atomic {
      complete[i]
      complete[i] = false; heard[i] = 0
      heardInvalidated[i] = 0; heardReplaced[i] = 0; heardOutlasts[i] = 0
    }
  :: atomic {
      !complete[i]
      complete[i] = true; heard[i] = published; heardInvalidated[i] = invalidated
#ifndef INVALIDATIONS_ONLY
      heardReplaced[i] = replaced; heardOutlasts[i] = outlasts
#endif
    }
#endif
  od
}

inline put () {
  atomic {
    entries++
    entryVersion[entries] = computed; entryStamp[entries] = taken
    if
    :: entryStamp[current] <= taken -> current = entries
    :: else
    fi
  }
}

/* Refused if the value has become invalid since it took its stamp. Otherwise it gets a new one. */
inline replace (replacedEntries) {
  atomic {
    if
    :: mayReplace(taken) ->
      clock++; replaced = clock; outlasts = both(outlasts, replacedEntries)
#ifdef SHARED_RECORD /* the key has one record, for either */
      invalidated = 0
#endif
      event = published; publish(clock, replacedEntries)
      clock++; taken = clock
#if WRITES > 0 /* without writes nothing happens in between */
    :: else -> refused = true
#endif
    fi
  }
  if
#if WRITES > 0
  :: refused
#endif
  :: else ->
#if defined(NO_LEASE_WAIT)
    put()
#elif defined(STORED_BEFORE_WAIT)
    put()
    waited(event)
#else
    waited(event)
    if
    :: put()
    :: skip /* the replacement or the instance fails */
    fi
#endif
#if WRITES == 0
    atomic { returned = (computed > returned -> computed : returned) }
#endif
  fi
}

proctype Filler () {
  byte found, taken, computed, event
  bool refused
  do
  /* Takes the fill lease, a stamp, and the entry to replace, if a valid one exists. */
  :: atomic {
      fills < FILLS
      fills++
      found = (current != 0 && judgedByStore(current) && !hasEnded(current) -> current : 0)
      taken = clock + 1
    }
    computed = database
    if
#ifdef STORED_OVER /* no replacement: the new entry is stored over the old one */
    :: true -> put()
#else
    :: found == 0 -> put()
    :: found != 0 -> replace(bit(found))
#endif
    :: skip /* the fill fails */
    fi
    atomic { found = 0; taken = 0; computed = 0; event = 0; refused = false }
  :: atomic { fills == FILLS -> break }
  od
}

#if SETS > 0
/* Calls `set` with a value just read. The call may take any time. */
proctype Setter () {
  byte taken, computed, event
  bool refused
  do
  :: atomic {
      fills < FILLS
      fills++
      computed = database; taken = clock + 1
    }
#ifdef SET_LATE_STAMP /* issued when the call is executed */
    taken = clock + 1
#endif
    replace(FOREVER)
    atomic { taken = 0; computed = 0; event = 0; refused = false }
  :: atomic { fills == FILLS -> break }
  od
}
#endif

inline finish () { id = 0; began = 0; valid = false }

proctype Reader (byte i) {
  byte id, began
  bool valid
  do
  /* A read checked by the mirror, in one step. */
  :: atomic {
      id == 0 && entries != 0
      select (id : 1 .. FILLS)
      if
      :: id <= entries && !hasEnded(id) && judgedHere(i, id) -> serve(entryVersion[id], floor)
      :: else
      fi
      id = 0
    }
  /* A read checked by the store: begins, is checked, ends. */
  :: atomic {
      id == 0 && entries != 0
      select (id : 1 .. FILLS)
      if
      :: id <= entries && !hasEnded(id) -> began = floor
      :: else -> id = 0
      fi
    }
  :: atomic { id != 0 && !valid && judgedByStore(id) -> valid = true }
  :: atomic { id != 0 && valid && mayServe(id) -> serve(entryVersion[id], began); finish() }
  :: atomic { id != 0 && !valid && !judgedByStore(id) -> finish() }
  :: atomic { id != 0 && hasEnded(id) -> finish() }
  od
}

init {
  atomic {
    run Time(); run Records()
#if CHANGES > 0
    run Database()
#endif
#if WRITES > 0
    run Writer()
#endif
    for (each : 1 .. FILLERS) { run Filler() }
#if SETS > 0
    for (each : 1 .. SETS) { run Setter() }
#endif
    for (each : 0 .. INSTANCES - 1) { run Instance(each); run Reader(each) }
  }
}
