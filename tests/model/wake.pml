/* SPDX-License-Identifier: Apache-2.0 */
/* Waking, on a machine with store buffers: a store is seen by others only when it leaves its thread's buffer, in the
   order of the stores; a seq_cst store is a store and then the emptying of the buffer. No consumer sleeps for ever
   beside a frame that it has not seen. Labels (P7, W1, ...) are those in wire/; see docs/design/lease-model.md. */

#ifndef FRAMES
#define FRAMES 3
#endif
#define DEPTH 4 /* of a store buffer */

/* In memory; only one side writes each. */
byte head = 0;
byte sequence = 0;
byte armed = 0; /* 0: not; else head + 1 */

/* In the kernel. */
bit bell = 0;   /* the pipe holds a byte */
bit asleep = 0; /* the one in the futex wait */
bit timer = 1;  /* of the polling one, set by itself: to look again at once */

byte seen[2]; /* newest frame that the polling one (0) and the one that waits by futex (1) have taken */

/* The store buffers. */
mtype = { to_head, to_sequence };
chan stores = [DEPTH] of { mtype, byte };
chan arming = [DEPTH] of { byte };

active proctype ProducerBuffer() {
end:
  do
  :: stores ? to_head(head)
  :: stores ? to_sequence(sequence)
  od
}

active proctype PollerBuffer() {
end:
  do
  :: arming ? armed
  od
}

active proctype Producer() {
  byte s = 0;
  do
  :: s < FRAMES ->
     s++;
     stores ! to_sequence(s); /* P7: reclaim.h Publish */
     empty(stores);
     stores ! to_head(s); /* W1: wake.h AdvanceHead */
#ifndef RELEASE_HEAD
     empty(stores);
#endif
     if /* W2: wake.h WantsRing; the head was s - 1 before */
     :: armed == s -> bell = 1
     :: else
     fi;
     /* FUTEX_WAKE: backends/shm Stream::Wake, after the doorbells too. */
     atomic { empty(stores) -> asleep = 0 }
     if
     :: true
     :: true -> seen[0] == s && seen[1] == s /* nothing more until all have seen it: who sleeps now has lost a ring */
     fi
  :: else -> break
  od
}

/* Waits by poll: Connection::Wait of client/wait.cc, called whenever the descriptor is ready. */
active proctype Poller() {
  byte before = 0;
  bit unarmed = 1;
end_poll:
  bell == 1 || timer == 1; /* sleeps until then */
look:
  before = head; /* Connection::Look */
  if
  :: sequence > seen[0] -> /* takes one and returns; `latest` is the case that no more than one waits */
     atomic { seen[0]++; if :: unarmed -> timer = 1 :: else fi; before = 0 }
     goto end_poll
  :: else
  fi;
  atomic { bell = 0; timer = 0 } /* Connection::Rearm: the pipe is emptied */
  arming ! before + 1; /* W3: wake.h Arm */
#ifndef RELEASE_ARMED
  empty(arming);
#endif
#ifndef NO_REARM_CHECK
  if /* W4: wake.h Arm */
  :: head != before ->
     unarmed = 1;
     if
     :: goto look
     :: timer = 1; goto end_poll /* no time left to look again now */
     fi
  :: else
  fi;
#endif
  atomic { before = 0; unarmed = 0 }
  empty(arming); /* whatever else: a thread that sleeps has an empty buffer */
  goto end_poll
}

/* Waits by futex. */
active proctype Sleeper() {
  byte before = 0;
end_look:
  do
  :: before = head;
     if
     :: sequence > seen[1] -> seen[1]++
     :: else ->
        atomic { /* WaitWhile: against FUTEX_WAKE, to compare and to fall asleep is one step of the kernel's */
          if
          :: head == before -> asleep = 1
          :: else
          fi;
          before = 0
        }
end_asleep:
        asleep == 0
     fi
  od
}
