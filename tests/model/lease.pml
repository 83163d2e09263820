/* SPDX-License-Identifier: Apache-2.0 */
/* Leases on buffers: one producer, a `latest` and a `queue` consumer with several claim words each, a second owner of a
   consumer slot, revocation, the end of a buffer set. Every access to a shared word is one step, in one order for all;
   dekker.pml and wake.pml show where that may be assumed. Labels (P1, C1, ...) are those in wire/; see
   docs/design/lease-model.md. */

#ifndef FRAMES
#define FRAMES 4 /* turns of the producer: each publishes a frame or drops one */
#endif
#ifndef BUFFERS
#define BUFFERS 3 /* of each set */
#endif
#ifndef IDS
#define IDS 4 /* buffer ids of the page, at most 5; the second set takes the next ones, round and round */
#endif
#ifndef SETS
#define SETS 1 /* 2: the first set may end at any turn, a second takes its place */
#endif
#ifndef LEASES
#define LEASES 2 /* claim words of a consumer that count */
#endif
#ifndef REVOCATIONS
#define REVOCATIONS 1
#endif
#ifndef QUEUE
#define QUEUE 2 /* N of the `queue N` consumer */
#endif
#ifndef REUSE
#define REUSE 0 /* 1: a consumer may be disconnected at any turn, slot 0 gets another owner */
#endif

#ifndef SLOTS
#define SLOTS 2 /* for consumers; 3: another `latest` */
#endif

#define NONE 7
#define INFINITE 63
#define CONSUMERS (SLOTS + REUSE)
#define WRITING 255 /* content of a buffer that is being written */

/* Consumer c is in slot c; consumer 1 has a queue, all others take the latest. The last one comes into slot 0 after
   consumer 0. */
#define SLOT_OF(me) (me == SLOTS -> 0 : me)
#define OWNER_OF(me) (me == SLOTS -> 2 : 0)

/* ---- The stream page. */
byte newest;                 /* sequence */
byte descriptor[FRAMES + 1]; /* set << 3 | buffer id; copied in one step, see ring.pml */
byte generation[IDS];        /* of the frame; 0: any writing value, which no descriptor ever contains */
byte revoked[SLOTS];         /* low half */
byte owner[SLOTS];           /* high half */
/* ---- Client pages. */
byte claim[CONSUMERS * LEASES]; /* epoch << 3 | buffer id + 1 */
byte cursor[CONSUMERS];

/* ---- What consumers know of their leases: the frame (0: no lease) and revoked[] when it was claimed. */
byte lease[CONSUMERS * LEASES];
byte lease_epoch[CONSUMERS * LEASES];

/* ---- The producer's own. */
byte page[SLOTS]; /* the consumer whose page belongs to the slot, NONE: slot not live */
byte frame[IDS];  /* the frame that a buffer holds, 0: not published */
byte used = 0;    /* ids that belong to buffers, by bit */
bit set = 0;      /* the living set */

/* ---- What is to be proven about. */
byte content[SETS * IDS]; /* of the memory: number of a frame, or WRITING */
byte spare = 0;           /* buffers that nobody claims nor has yet to read, since the producer began to look for one */
bit stopped = 0;          /* no consumer takes another step */
#ifdef BOOKS
byte took[CONSUMERS], skipped[CONSUMERS], base[CONSUMERS];
#endif
hidden byte i, best; /* for use within one step */

#ifdef GENERATION_RESTARTS
byte base_of[2];
#define GENERATION(s, of) (s - base_of[of])
#else
#define GENERATION(s, of) (s)
#endif
#define BUFFER(s) (descriptor[s] & 7)
#define SET(s) (descriptor[s] >> 3)
#define MEMORY(s) (SET(s) * IDS + BUFFER(s))
#define BIT(id) (1 << (id))
#define CLAIM(me, k) claim[(me) * LEASES + (k)]
#define LEASE(me, k) lease[(me) * LEASES + (k)]
#define EPOCH(me, k) lease_epoch[(me) * LEASES + (k)]
#ifdef BOOKS
#define SET_BASE base[SLOTS] = newest
#define ADVANCE(me, to, count) \
  count[me] = count[me] + to - cursor[me]; cursor[me] = to; assert(cursor[me] - base[me] == took[me] + skipped[me])
#else
#define SET_BASE skip
#define ADVANCE(me, to, count) cursor[me] = to
#endif
#define MAY !stopped /* guards every step of a consumer */

/* Would the reader be told that its lease holds? C8: lease.h Valid */
#define VALID(me, k) (LEASE(me, k) != 0 && EPOCH(me, k) == revoked[SLOT_OF(me)])

#ifdef IGNORE_FLAG
/* Wrong: claims carry no epoch; after a revocation they are ignored until the word has been seen empty. */
bit ignored[SLOTS * LEASES];
#define COUNTS(slot, k) !ignored[(slot) * LEASES + (k)]
#define SEE(slot, k) \
  if \
  :: page[slot] != NONE && CLAIM(page[slot], k) == 0 -> ignored[(slot) * LEASES + (k)] = 0 \
  :: else \
  fi;
#define IGNORE(slot) ignored[(slot) * LEASES] = 1; ignored[(slot) * LEASES + LEASES - 1] = 1
#else
#ifdef NO_EPOCHS
#define COUNTS(slot, k) true /* wrong: a claim counts whatever its epoch */
#else
#define COUNTS(slot, k) ((CLAIM(page[slot], k) >> 3) == revoked[slot])
#endif
#define SEE(slot, k)
#define IGNORE(slot) skip
#endif

/* One load of a claim word by ScanOne. */
#define SCAN(slot, k, into) \
  d_step { \
    SEE(slot, k) \
    if \
    :: page[slot] != NONE && (CLAIM(page[slot], k) & 7) != 0 && COUNTS(slot, k) -> \
       into = into | BIT((CLAIM(page[slot], k) & 7) - 1) \
    :: else \
    fi \
  }
#if LEASES == 1
#define SCAN_SLOT(slot, into) SCAN(slot, 0, into)
#else
#define SCAN_SLOT(slot, into) SCAN(slot, 0, into); SCAN(slot, 1, into)
#endif

#if SLOTS == 2
#define SCAN_ALL(into) SCAN_SLOT(0, into); SCAN_SLOT(1, into)
#else
#define SCAN_ALL(into) SCAN_SLOT(0, into); SCAN_SLOT(1, into); SCAN_SLOT(2, into)
#endif

#define CANDIDATE(id) ((used & BIT(id)) != 0 && frame[id] != 0 && frame[id] != newest)

/* The oldest candidate that is neither in `without` nor holds a frame from `limit` on. */
inline choose(without, limit) {
  d_step {
    pick = NONE;
    best = INFINITE;
    i = 0;
    do
    :: i < IDS ->
       if
       :: CANDIDATE(i) && (without & BIT(i)) == 0 && frame[i] < limit && frame[i] < best -> best = frame[i]; pick = i
       :: else
       fi;
       i++
    :: else -> break
    od;
    if
    :: pick != NONE -> without = without | BIT(pick); generation[pick] = 0
    :: else
    fi
  }
}

/* For the properties: what is of no use to anybody as the search begins, and whether anybody is left. */
inline note_spare() {
  d_step {
    alone = stopped;
    i = 0;
    do
    :: i < IDS ->
       if
       :: CANDIDATE(i) && (page[1] == NONE || frame[i] <= cursor[1]) -> spare = spare | BIT(i)
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < CONSUMERS * LEASES ->
       if
       :: claim[i] != 0 -> spare = spare & ~BIT((claim[i] & 7) - 1)
       :: else
       fi;
       i++
    :: else -> break
    od
  }
}

/* The buffer is the producer's: it may be written to from here on, so nobody may hold a valid lease on it (INV-8). */
inline take_for_writing() {
  d_step {
    if
    :: frame[pick] != 0 ->
       /* Nothing is taken from a queue's unread frames while something else is free. */
       assert(page[1] == NONE || frame[pick] <= cursor[1] || frame[pick] + QUEUE <= newest || spare == 0)
    :: else
    fi;
    frame[pick] = 0;
    spare = 0;
    busy = 0;
    claimed = 0;
    unread = 0;
    i = 0;
    do
    :: i < CONSUMERS * LEASES ->
       assert(!(lease[i] != 0 && MEMORY(lease[i]) == set * IDS + pick &&
                lease_epoch[i] == revoked[SLOT_OF((i / LEASES))]));
       i++
    :: else -> break
    od;
    content[set * IDS + pick] = WRITING
  }
}

#define NEXT_EPOCH(slot) revoked[slot]++
#define REVOKE(slot) d_step { NEXT_EPOCH(slot); IGNORE(slot); revocations++ }

/* What else may happen to the producer between two of its operations: leases that are older than allowed (Expire, of
   anybody: a superset), consumers that come and go, the end of the set. */
inline events() {
  if
  :: true
  :: revocations < REVOCATIONS && page[0] != NONE -> REVOKE(0)
  :: revocations < REVOCATIONS && page[1] != NONE -> REVOKE(1)
#if SLOTS > 2
  :: revocations < REVOCATIONS -> REVOKE(2)
#endif
#if REUSE
  :: page[0] != NONE && owner[0] == 0 -> d_step { NEXT_EPOCH(0); owner[0]++; page[0] = NONE }
  :: page[0] == NONE && owner[0] == 1 -> /* Connect: a new owner with a page of its own */
     atomic {
       NEXT_EPOCH(0);
       owner[0]++;
       page[0] = SLOTS;
       cursor[SLOTS] = newest;
       SET_BASE;
       run Consumer(SLOTS);
       run Holder(SLOTS)
     }
  :: page[1] != NONE && owner[1] == 0 -> d_step { NEXT_EPOCH(1); owner[1]++; page[1] = NONE }
#endif
#if SETS > 1
  :: set == 0 ->
     do /* P8: reclaim.h RemoveBuffer */
     :: last_id < BUFFERS -> d_step { frame[last_id] = 0; generation[last_id] = 0; last_id++ }
     :: else -> break
     od;
     atomic { /* P9: reclaim.h AddBuffer; an id that is not in use has a writing value already */
       last_id = 0;
       set = 1;
       pick = NONE;
       used = 0;
       do
       :: last_id < BUFFERS -> used = used | BIT((BUFFERS + last_id) % IDS); last_id++
       :: else -> last_id = 0; break
       od
#ifdef GENERATION_RESTARTS
       ; base_of[1] = newest
#endif
     }
#endif
  fi
}

active proctype Producer() {
  byte turn = 0;
  byte pick = NONE;
  byte busy = 0, claimed = 0, unread = 0, tried = 0;
  byte revocations = 0;
  byte last_id = 0;
  bit alone = 0; /* all consumers had stopped as the search began, and all their leases are due */

  atomic {
    page[0] = 0;
    page[1] = 1;
    used = (1 << BUFFERS) - 1;
    run Consumer(0);
    run Holder(0);
    run Consumer(1);
    run Holder(1);
#if SLOTS > 2
    page[2] = 2;
    run Consumer(2);
    run Holder(2);
#endif
    turn = 0
  }
  do
  :: turn < FRAMES ->
     turn++;
     events();
     /* A buffer that holds no frame is there for the taking. */
     d_step {
       pick = NONE;
       i = 0;
       do
       :: i < BUFFERS ->
          if
          :: pick == NONE && frame[(set * BUFFERS + i) % IDS] == 0 -> pick = (set * BUFFERS + i) % IDS
          :: else
          fi;
          i++
       :: else -> break
       od
     }
     if
     :: pick != NONE -> goto taken
     :: else
     fi;

     note_spare();
     SCAN_ALL(busy); /* P1: reclaim.h ScanOne */
     d_step { /* P2: reclaim.h UnreadFrom */
       unread = newest + 1;
       if
       :: page[1] != NONE ->
          unread = (cursor[1] + QUEUE < newest -> newest - QUEUE + 1 : cursor[1] + 1)
       :: else
       fi
     }
unclaimed:
     if :: choose(busy, unread) fi; /* P3: reclaim.h TakeChosen */
     if
     :: pick == NONE && unread != INFINITE -> unread = INFINITE; goto unclaimed
     :: pick == NONE && unread == INFINITE -> goto overdue
     :: else
     fi;
#ifndef NO_SECOND_SCAN
     claimed = 0;
     SCAN_ALL(claimed); /* P4: reclaim.h ScanOne */
     if
     :: (claimed & BIT(pick)) != 0 -> claimed = 0; goto unclaimed
     :: else -> goto taken
     fi;
#else
     goto taken;
#endif

overdue:
     if /* any candidate may be the one that is held longest; which one is due is a matter of clocks */
     :: !alone -> goto drop
     :: alone || revocations < REVOCATIONS ->
        if
        :: CANDIDATE(0) && (tried & 1) == 0 -> pick = 0
        :: CANDIDATE(1) && (tried & 2) == 0 -> pick = 1
        :: CANDIDATE(2) && (tried & 4) == 0 -> pick = 2
#if IDS > 3
        :: CANDIDATE(3) && (tried & 8) == 0 -> pick = 3
#endif
#if IDS > 4
        :: CANDIDATE(4) && (tried & 16) == 0 -> pick = 4
#endif
        :: else -> goto drop
        fi
     fi;
     tried = tried | BIT(pick);
     claimed = 0;
     SCAN_SLOT(0, claimed);
     if
     :: (claimed & BIT(pick)) != 0 -> REVOKE(0) /* P5: reclaim.h NextEpoch */
     :: else
     fi;
     claimed = 0;
     SCAN_SLOT(1, claimed);
     if
     :: (claimed & BIT(pick)) != 0 -> REVOKE(1)
     :: else
     fi;
     claimed = 0;
#if SLOTS > 2
     SCAN_SLOT(2, claimed);
     if
     :: (claimed & BIT(pick)) != 0 -> REVOKE(2)
     :: else
     fi;
     claimed = 0;
#endif
     generation[pick] = 0; /* P3 */
#ifndef NO_RESCAN
     SCAN_ALL(claimed); /* P4 */
     if
     :: (claimed & BIT(pick)) != 0 -> claimed = 0; pick = NONE; goto overdue
     :: else
     fi;
#endif

taken:
     if :: take_for_writing() fi;
     tried = 0;
     events();
     if
     :: pick != NONE ->
        d_step { /* P6: reclaim.h Publish */
          content[set * IDS + pick] = newest + 1;
          generation[pick] = GENERATION(newest + 1, set)
        }
        d_step { /* P7: reclaim.h Publish; the descriptor with it, at which nobody looks before */
          descriptor[newest + 1] = set << 3 | pick;
          frame[pick] = newest + 1;
          newest++;
          pick = NONE
        }
     :: else /* its set has ended */
     fi;
     goto next;

drop:
     if :: d_step {
       /* Whoever has stopped cannot pin anything once all clocks have run out. */
       i = 0;
       do
       :: i < IDS -> assert(!(alone && CANDIDATE(i))); i++
       :: else -> break
       od;
       busy = 0; claimed = 0; unread = 0; tried = 0; spare = 0; pick = NONE
     } fi;
next:
     skip
  :: else -> break
  od
}

/* A claim word that is free: the first one, as in client/session.cc. */
#define FREE(me, k) (LEASE(me, k) == 0 && CLAIM(me, k) == 0)
#define NEXT(me) (cursor[me] + 1)
#define PRESENT(me) (generation[BUFFER(NEXT(me))] == GENERATION(NEXT(me), SET(NEXT(me))))
/* The producer looks at the cursors of queues only, so the others' are stored with the step before. */
#define LATEST(me) (me != 1)

proctype Consumer(byte me) {
  byte until = 0, epoch = 0, k = 0;

end_take: /* C1: lease.h Take */
  if
  :: d_step {
       MAY && newest > cursor[me] && (FREE(me, 0) || FREE(me, LEASES - 1)) &&
         (LATEST(me) || newest - cursor[me] <= QUEUE) ->
       k = (FREE(me, 0) -> 0 : LEASES - 1);
       if :: LATEST(me) && newest - cursor[me] > 1 -> ADVANCE(me, newest - 1, skipped) :: else fi
     }
  :: d_step {
       MAY && newest > cursor[me] && (FREE(me, 0) || FREE(me, LEASES - 1)) &&
         !LATEST(me) && newest - cursor[me] > QUEUE ->
       k = (FREE(me, 0) -> 0 : LEASES - 1);
       until = newest - QUEUE
     }
end_skip:
     d_step { MAY -> ADVANCE(me, until, skipped); until = 0 }
  fi;
end_epoch: /* C2: lease.h TryFrame */
  if
#ifndef NO_OWNER_CHECK
  :: d_step { MAY && owner[SLOT_OF(me)] != OWNER_OF(me) -> k = 0 } goto end_over
  :: d_step { MAY && owner[SLOT_OF(me)] == OWNER_OF(me) -> epoch = revoked[SLOT_OF(me)] }
#else
  :: d_step { MAY -> epoch = revoked[SLOT_OF(me)] }
#endif
  fi;
end_early: /* C3: lease.h TryFrame (no step here: it is in ring.pml) and C4: lease.h TryFrame */
  if
  :: d_step { MAY && !PRESENT(me) -> skip } goto end_gone
  :: d_step { MAY && PRESENT(me) -> skip }
  fi;
end_claim: /* C5: lease.h TryFrame */
  d_step {
    MAY ->
    CLAIM(me, k) = epoch << 3 | (BUFFER(NEXT(me)) + 1);
    spare = spare & ~BIT(BUFFER(NEXT(me)))
  };
end_check: /* C6: lease.h TryFrame */
  if
  :: d_step {
       MAY && PRESENT(me) ->
       LEASE(me, k) = NEXT(me);
       EPOCH(me, k) = epoch;
       assert(!VALID(me, k) || content[MEMORY(NEXT(me))] == NEXT(me)); /* INV-8, the other half */
       epoch = 0;
       k = 0;
       if :: LATEST(me) -> ADVANCE(me, NEXT(me), took) :: else fi
     }
  :: d_step { MAY && !PRESENT(me) -> skip } goto end_unclaim
  fi;
  if
  :: LATEST(me) -> goto end_take
  :: else
  fi;
end_advance: /* C7: lease.h Advance */
  d_step { MAY -> ADVANCE(me, NEXT(me), took) };
  goto end_take;
end_unclaim: /* C9: lease.h Release */
  if
  :: d_step { MAY -> CLAIM(me, k) = 0 }
  fi;
end_gone: /* C7 */
  if
  :: d_step {
       MAY ->
#ifdef NO_LOSS
       assert(me != 1 || newest - cursor[me] > QUEUE || page[1] == NONE);
#endif
       epoch = 0;
       k = 0;
       ADVANCE(me, NEXT(me), skipped)
     }
  fi;
  goto end_take;
end_over:
  false
}

/* Leases may be released at any time, by another thread than the one that takes. */
proctype Holder(byte me) {
end:
  do
  :: d_step { MAY && LEASE(me, 0) != 0 -> CLAIM(me, 0) = 0; LEASE(me, 0) = 0; EPOCH(me, 0) = 0 } /* C9 */
#if LEASES > 1
  :: d_step { MAY && LEASE(me, 1) != 0 -> CLAIM(me, 1) = 0; LEASE(me, 1) = 0; EPOCH(me, 1) = 0 }
#endif
  od
}

#ifdef STOP
/* From any point on no consumer goes on: all are dead or stopped. */
active proctype Stop() { stopped = 1 }
#endif
