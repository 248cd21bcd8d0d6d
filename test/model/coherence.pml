/*
 * The protocol by which no stale read follows an acknowledged write, where instances share a store over a network
 * (Redis): stamps and Rule V, the lease, the commit wait. One resource under one tag, one writer, the memory (L1) of
 * INSTANCES instances, one store (L2) and the subscriber connections between them, which may be lost.
 *
 * With FILE the store is a file (SQLite): instances hear nothing, and look at its records themselves.
 *
 * The property: a read that began after the write of version v was acknowledged never returns a version below v
 * (the assertions in Reader).
 *
 * An atomic sequence is one step, and so is a statement by itself. Between two steps any other process may take any
 * number of its own, and any time may pass: whatever is not one step may be late, overtaken, or frozen half-way.
 */

/* Bounds. Reads, fills, PINGs, reconnections and time have none. */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef WRITES
#define WRITES 1
#endif
#ifndef LEASE
#define LEASE 1 /* ticks */
#endif
#ifdef LOSSES
#define mayLose (losses < LOSSES)
#else
#define mayLose true
#endif

/* Rules of a single expression, and the mutants that break one each. Other mutants are next to their rule. */

#ifdef NO_STAMP /* every entry is valid */
#define newer(stamp, other) (stamp != 0)
#else
#define newer(stamp, other) (stamp > other)
#endif

#ifdef NO_LEASE
#define leased(i) true
#else
#define leased(i) (leaseAge[i] <= LEASE)
#endif

#if defined(NO_COMMIT_WAIT)
#define waited true
#elif defined(SHORT_COMMIT_WAIT) /* as long as a lease, not longer */
#define waited (waitAge >= LEASE)
#else
#define waited (waitAge > LEASE)
#endif

#ifdef LEASE_FROM_PONG /* coherent as of the PONG's arrival, not as of the PING's departure */
#define coherentFor(i) 0
#else
#define coherentFor(i) pingAge[i]
#endif

#ifdef EARLY_RECORDS /* reads the records, then subscribes */
#define BEFORE_READING DOWN
#else
#define BEFORE_READING UP
#endif

/* Time: ages in ticks. All ages above LEASE are equivalent. */
#define EXPIRED (LEASE + 1)
#define NONE 255

/* The database. */
byte database /* the version last committed */
byte acked /* the version last acknowledged */
byte waitAge = NONE /* since the invalidation was in the store */

/* The store. */
byte clock /* the stamp last issued */
byte tag /* the record: the stamp of the last invalidation */
/*
 * A fill takes a stamp between the latest that it knows to have been issued and whatever comes next, without asking. Here it
 * takes the next one itself: above every invalidation there was, and not above the one that will have it.
 */
byte entryVersion, entryStamp /* stamp 0: no entry */
#ifndef FILE
mtype = { PONG, INVALIDATED }
chan bus[INSTANCES] = [WRITES + 1] of { mtype, byte } /* messages in flight to a subscriber; never full: one PING at a time */
#endif

/* The result of the last fill, in flight to the store and to memories. */
byte filledVersion, filledStamp

/* The instances. */
#ifndef FILE
mtype = { UP, LOST, DOWN } /* a subscriber connection: up, lost unnoticed, known to be down */
mtype link[INSTANCES] = UP
byte losses
#endif
byte pingAge[INSTANCES] = NONE /* since the unanswered PING was sent, or a check of the file began */
byte leaseAge[INSTANCES] = EXPIRED /* now - coherentAsOf */
byte heard[INSTANCES] /* the tag table */
bool complete[INSTANCES] = true /* the table has every invalidation except those in flight */
byte answer[INSTANCES] /* the record as read, plus 1, in flight to the table */
byte l1Version[INSTANCES], l1Stamp[INSTANCES] /* stamp 0: no entry */

/* Counts within one step. */
byte each

inline older (age) {
  if
  :: age < EXPIRED -> age++
  :: else
  fi
}

proctype Time () {
  do
  :: atomic {
      older(waitAge)
      for (each : 0 .. INSTANCES - 1) { older(pingAge[each]); older(leaseAge[each]) }
    }
  od
}

proctype Writer () {
  do
  :: database < WRITES ->
    database++
    atomic {
      clock++; tag = clock
#ifndef FILE
      for (each : 0 .. INSTANCES - 1) {
        if
        :: link[each] == UP -> bus[each]!INVALIDATED(clock)
        :: else
        fi
      }
#endif
      waitAge = 0 /* the answer may arrive later and start the wait: waiting longer is safe */
    }
    atomic { waited -> acked = database; waitAge = NONE }
  :: else -> break
  od
}

/*
 * Fills, whoever runs them and why ever: there need not be a reader who missed. A result may be stored before, while
 * and after the next fill runs, over a higher stamp too: the property does not rest on the order in which entries are stored.
 */
proctype Filler () {
  byte taken
  do
#ifdef LATE_STAMP
  :: taken = database
    atomic { filledVersion = taken; filledStamp = clock + 1; taken = 0 }
#else
  :: taken = clock + 1
    atomic { filledVersion = database; filledStamp = taken; taken = 0 }
#endif
  :: atomic { filledStamp != 0 -> entryVersion = filledVersion; entryStamp = filledStamp }
  od
}

proctype Instance (byte i) {
#ifndef FILE
  byte said
#endif
  do
#ifdef FILE
  /* A check of the file: reads the clock, then the records; the lease begins when the process continues. */
  :: atomic { pingAge[i] == NONE -> pingAge[i] = 0 }
  :: atomic { pingAge[i] != NONE && answer[i] == 0 -> answer[i] = tag + 1 }
  :: atomic {
      answer[i] != 0
      heard[i] = answer[i] - 1; leaseAge[i] = coherentFor(i)
      pingAge[i] = NONE; answer[i] = 0
    }
#else
  /* The lease. The store answers at once: a PING that arrives later proves more than the instance assumes. */
  :: atomic { link[i] == UP && pingAge[i] == NONE -> pingAge[i] = 0; bus[i]!PONG(0) }
  :: atomic { bus[i]?PONG(_) -> leaseAge[i] = coherentFor(i); pingAge[i] = NONE }
  :: atomic { bus[i]?INVALIDATED(said) -> heard[i] = (said > heard[i] -> said : heard[i]); said = 0 }

  /* The connection is lost together with messages in flight, which is noticed later. */
  :: atomic {
      link[i] == UP && mayLose
      do
      :: bus[i]?_, _
      :: empty(bus[i]) -> break
      od
      link[i] = LOST; pingAge[i] = NONE
#ifdef LOSSES
      losses++
#endif
    }
  :: atomic {
      link[i] == LOST
      link[i] = DOWN; leaseAge[i] = EXPIRED
#ifndef KEPT_TABLE
      heard[i] = 0; complete[i] = false
#endif
#ifndef LATE_ANSWER
      answer[i] = 0 /* requested on a lost connection: proves nothing about the next */
#endif
    }

  /* The connection is up again before the records are read: later invalidations will arrive on it. */
  :: atomic { link[i] == DOWN -> link[i] = UP }
  :: atomic { link[i] == BEFORE_READING && !complete[i] && answer[i] == 0 -> answer[i] = tag + 1 }
  :: atomic {
      answer[i] != 0
      heard[i] = (answer[i] - 1 > heard[i] -> answer[i] - 1 : heard[i])
      complete[i] = true; answer[i] = 0
    }
#endif

  /* Memory, from a fill or from the store. */
  :: atomic { filledStamp != 0 -> l1Version[i] = filledVersion; l1Stamp[i] = filledStamp }
  :: atomic { entryStamp != 0 -> l1Version[i] = entryVersion; l1Stamp[i] = entryStamp }
  od
}

#define judgedHere(i, stamp) (leased(i) && complete[i] && newer(stamp, heard[i]))
#define judgedByStore(stamp) newer(stamp, tag)

/*
 * Reads on an instance. A read compares with what was acknowledged when it began; here it compares with what is
 * acknowledged when its value is judged, which is never less. And what a slow read still holds is, in another run, still
 * where it was found, because nothing has to be overwritten. So one step stands for all reads, however slow.
 * The request that runs a fill is not judged and need not be: it reads the database after it began.
 */
proctype Reader (byte i) {
  do
  :: atomic { judgedHere(i, l1Stamp[i]) -> assert(l1Version[i] >= acked) }
  :: atomic { judgedByStore(l1Stamp[i]) -> assert(l1Version[i] >= acked) }
  :: atomic { judgedHere(i, entryStamp) -> assert(entryVersion >= acked) }
  :: atomic { judgedByStore(entryStamp) -> assert(entryVersion >= acked) }
  /* Requests that waited for a fill. */
  :: atomic { judgedHere(i, filledStamp) -> assert(filledVersion >= acked) }
  :: atomic { judgedByStore(filledStamp) -> assert(filledVersion >= acked) }
  od
}

init {
  atomic {
    run Time(); run Writer(); run Filler()
    for (each : 0 .. INSTANCES - 1) { run Instance(each); run Reader(each) }
  }
}
