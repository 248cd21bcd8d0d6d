/*
 * The protocol by which no stale read follows an acknowledged write, where instances share a store over a network
 * (Redis): stamps and Rule V, the lease, the commit wait. One resource under one tag, one writer, the memory (L1) of
 * INSTANCES instances, one store (L2) and the subscriber connections between them, which may be lost.
 *
 * The property: a read that began after the write of version v was acknowledged never returns a version below v
 * (the assertions in Reader).
 *
 * An atomic sequence is one step, and so is a statement by itself. Between two steps any other process may take any
 * number of its own, and any time may pass: whatever is not one step may be late, overtaken, or frozen half-way.
 */

/* Bounds. Reads, PINGs and time have none. */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef WRITES
#define WRITES 1
#endif
#ifndef STAMPS
#define STAMPS 3 /* once the clock is here, only the writer takes stamps: bounds fills and reconnections */
#endif
#ifndef LEASE
#define LEASE 1 /* ticks */
#endif
#ifdef LOSSES
#define mayLose (losses < LOSSES)
#else
#define mayLose true
#endif

/* Rules that are one expression, and the mutants that break one each. The other mutants are where their rule is. */

#ifdef NO_STAMP /* what is there is valid */
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

#ifdef EARLY_KNOWN_SINCE /* asks for the stamp, then subscribes */
#define BEFORE_ASKING DOWN
#else
#define BEFORE_ASKING UP
#endif

#define NEVER 255 /* above every stamp */

/* Time: the age of what somebody measures, in ticks. All ages above LEASE mean the same. */
#define EXPIRED (LEASE + 1)
#define NONE 255

/* The database. */
byte database /* the version last committed */
byte acked /* the version last acknowledged */
byte waitAge = NONE /* since the invalidation was in the store */

/* The store. */
byte clock /* the stamp last issued */
byte tag /* the record: the stamp of the last invalidation */
byte entryVersion, entryStamp /* stamp 0: no entry */
mtype = { PONG, INVALIDATED }
chan bus[INSTANCES] = [WRITES + 1] of { mtype, byte } /* on its way to a subscriber; never full: one PING at a time */

/* The result of the last fill, on its way to the store and to memories. */
byte filledVersion, filledStamp

/* The instances. */
mtype = { UP, LOST, DOWN } /* a subscriber connection: there, gone unnoticed, known to be gone */
mtype link[INSTANCES] = UP
byte losses
byte pingAge[INSTANCES] = NONE /* since the PING whose PONG has not arrived was sent */
byte leaseAge[INSTANCES] = EXPIRED /* now - coherentAsOf */
byte heard[INSTANCES] /* the tag table */
byte knownSince[INSTANCES] /* every invalidation above this stamp will be heard */
byte answer[INSTANCES] /* a stamp on its way to become knownSince */
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
      for (each : 0 .. INSTANCES - 1) {
        if
        :: link[each] == UP -> bus[each]!INVALIDATED(clock)
        :: else
        fi
      }
      waitAge = 0 /* the answer may come later, and the wait begin with it: waiting longer is the safe side */
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
    atomic { clock < STAMPS -> clock++; filledVersion = taken; filledStamp = clock; taken = 0 }
#else
  :: atomic { clock < STAMPS -> clock++; taken = clock }
    atomic { filledVersion = database; filledStamp = taken; taken = 0 }
#endif
  :: atomic { filledStamp != 0 -> entryVersion = filledVersion; entryStamp = filledStamp }
  od
}

proctype Instance (byte i) {
  do
  /* The lease. The store answers at once: a PING that arrives later proves more than the instance takes from it. */
  :: atomic { link[i] == UP && pingAge[i] == NONE -> pingAge[i] = 0; bus[i]!PONG(0) }
  :: atomic { bus[i]?PONG(_) -> leaseAge[i] = coherentFor(i); pingAge[i] = NONE }
  :: bus[i]?INVALIDATED(heard[i])

  /* The connection is lost, and with it what was on its way; later that is noticed. */
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
#ifndef NO_KNOWN_SINCE
      heard[i] = 0; knownSince[i] = NEVER
#endif
#ifndef LATE_ANSWER
      answer[i] = 0 /* asked for on a connection that is gone: it says nothing about the next */
#endif
    }

  /* It is there again, and only then a stamp is taken: what was invalidated up to it may not have been heard. */
  :: atomic { link[i] == DOWN -> link[i] = UP }
  :: atomic {
      link[i] == BEFORE_ASKING && knownSince[i] == NEVER && answer[i] == 0 && clock < STAMPS
      clock++; answer[i] = clock
    }
  :: atomic { answer[i] != 0 -> knownSince[i] = answer[i]; answer[i] = 0 }

  /* Memory, from a fill or from the store. */
  :: atomic { filledStamp != 0 -> l1Version[i] = filledVersion; l1Stamp[i] = filledStamp }
  :: atomic { entryStamp != 0 -> l1Version[i] = entryVersion; l1Stamp[i] = entryStamp }
  od
}

#define judgedHere(i, stamp) (leased(i) && newer(stamp, heard[i]) && newer(stamp, knownSince[i]))
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
  /* Those who waited for a fill. */
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
