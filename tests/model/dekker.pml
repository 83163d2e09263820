/* SPDX-License-Identifier: Apache-2.0 */
/* The claim of one consumer against the producer that wants to write to the claimed buffer, on a machine with store
   buffers. A store is seen by others when it leaves its thread's buffer; a load looks at memory. Releases leave in
   order; a seq_cst load waits until the seq_cst stores before it have left. With -DOVERTAKING a plain store (the
   content) may leave before earlier ones, as ARMv8 allows; without it, all leave in order, as on x86. What was read
   under a lease that is said to be valid afterwards has not changed (INV-8). Labels (P3, C5, ...) are those in wire/;
   see docs/design/lease-model.md. */

#ifndef TRIES
#define TRIES 3 /* of the consumer */
#endif
#define DISCONNECTED 9 /* revoked[] with another owner */

/* In memory. */
byte claim = 0;     /* epoch + 1; 0: none */
bit generation = 1; /* 1: of the frame that the consumer wants, 0: a writing value */
byte revoked = 0;
bit content = 1; /* 1: of that frame, 0: overwritten */

/* The store buffers. */
mtype = { to_generation, to_revoked };
chan stores = [4] of { mtype, byte };
bit writing = 0; /* the store to the content is in the buffer */
chan claims = [4] of { byte };

active proctype ProducerBuffer() {
end:
  do
  :: stores ? to_generation(generation)
  :: stores ? to_revoked(revoked)
#ifdef OVERTAKING
  :: d_step { writing -> content = 0; writing = 0 }
#else
  :: d_step { writing && empty(stores) -> content = 0; writing = 0 }
#endif
  od
}

active proctype ConsumerBuffer() {
end:
  do
  :: claims ? claim
  od
}

#ifdef RELEASE_GENERATION
#define STORES_HAVE_LEFT true
#else
#define STORES_HAVE_LEFT empty(stores)
#endif
#ifdef RELEASE_CLAIM
#define CLAIM_HAS_LEFT true
#else
#define CLAIM_HAS_LEFT empty(claims)
#endif

inline next_epoch(value) {
  stores ! to_revoked(value); /* P5: reclaim.h NextEpoch */
#ifndef NO_LOAD_AFTER_EPOCH
  empty(stores) /* P10: reclaim.h NextEpoch */
#endif
}

active proctype Producer() {
  byte epoch = 0;

  if
  :: true
  :: true -> /* the last consumer is disconnected: no claim word is looked at from here on */
     next_epoch(DISCONNECTED);
     stores ! to_generation(0);
     goto write
  fi;
  do
  :: stores ! to_generation(0); /* P3: reclaim.h TakeChosen */
     atomic { /* P4: reclaim.h ScanOne */
       STORES_HAVE_LEFT;
       if
       :: claim == epoch + 1
       :: else -> goto write
       fi
     }
     if
     :: epoch == 0 -> epoch = 1; next_epoch(1)
     :: true -> goto give_up
     fi
  od;
write:
  if :: writing = 1 fi;
give_up:
  skip
}

active proctype Consumer() {
  byte epoch = 0, tries = 0;
  bit data = 0;
  do
  :: tries < TRIES ->
     tries++;
     atomic { epoch = revoked; if :: epoch == DISCONNECTED -> break :: else fi } /* C2: lease.h TryFrame */
     claims ! epoch + 1; /* C5: lease.h TryFrame */
     CLAIM_HAS_LEFT;
     if /* C6: lease.h TryFrame */
     :: generation == 1 ->
        data = content;
        atomic { /* C8: lease.h Valid */
          if
          :: revoked == epoch -> assert(data == 1)
          :: else
          fi;
          data = 0
        }
     :: else
     fi;
     claims ! 0 /* C9: lease.h Release */
  :: else -> break
  od
}
