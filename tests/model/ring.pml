/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of the descriptor ring: written for frame after frame, copied meanwhile by readers. Every word is one step.
   A copy that a reader accepts is the descriptor of one frame, whole. Labels (D1, ...) are those in wire/; see
   docs/design/lease-model.md. */

#ifndef FRAMES
#define FRAMES 4 /* frames that come to lie in this entry */
#endif
#ifndef WORDS
#define WORDS 3 /* of a descriptor, beside the sequence */
#endif
#ifndef READERS
#define READERS 2
#endif

/* Frame s has the value s in every word. In the ring frames of one entry are kRingEntries apart; here s counts them. */
byte sequence = 0;
byte words[WORDS];

active proctype Writer() { /* WriteDescriptor */
  byte s = 0, w = 0;
  do
  :: s < FRAMES ->
     s++;
#ifndef SEQUENCE_LAST_ONLY
     sequence = 0; /* D1: descriptor.h WriteDescriptor */
#endif
     do /* D2: descriptor.h WriteDescriptor */
     :: w < WORDS -> atomic { words[w] = s; w++ }
     :: else -> break
     od;
     atomic { sequence = s; w = 0 } /* D3: descriptor.h WriteDescriptor */
  :: else -> break
  od
}

active [READERS] proctype Reader() { /* ReadDescriptor */
  byte s = 0, w = 0;
  byte copy[WORDS];
end:
  do
  :: atomic { sequence > s -> s = sequence } /* D4: descriptor.h ReadDescriptor; what is older was copied before */
     do /* D5: descriptor.h ReadDescriptor */
     :: w < WORDS -> atomic { copy[w] = words[w]; w++ }
     :: else -> break
     od;
     atomic { /* D6: descriptor.h ReadDescriptor */
       w = 0;
#ifndef NO_RECHECK
       if
       :: sequence == s ->
#else
       if
       :: true ->
#endif
          do
          :: w < WORDS -> assert(copy[w] == s); w++
          :: else -> break
          od
       :: else
       fi;
       w = 0;
       do
       :: w < WORDS -> copy[w] = 0; w++
       :: else -> w = 0; break
       od
     }
  od
}
