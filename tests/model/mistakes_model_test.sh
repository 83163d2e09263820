#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The models see what they are for: each rule that is left out or replaced is found within bounds in which the protocol
# as it is passes.
set -euo pipefail
# shellcheck source=tests/model/spin.sh
source tests/model/spin.sh

torn='assertion violated' void='assertion violated.*lease_epoch' lost='invalid end state'
small=(-DBUFFERS=2 -DIDS=2 -DFRAMES=3)
one=(-DBUFFERS=2 -DIDS=2 -DLEASES=1 -DREVOCATIONS=0)

finds "claims are ignored by a flag, not by epoch" lease.pml "$void" -DIGNORE_FLAG "${small[@]}"
finds "no second scan after the generation has changed" lease.pml "$void" -DNO_SECOND_SCAN "${small[@]}"
finds "no scan between revocation and writing" lease.pml "$void" -DNO_RESCAN "${small[@]}"
finds "claims count whatever their epoch" lease.pml 'assertion violated.*alone' -DNO_EPOCHS "${small[@]}" -DSTOP
finds "generations restart with a new set" lease.pml "$void" -DGENERATION_RESTARTS "${one[@]}" -DSETS=2 -DFRAMES=4
finds "the owner of the slot is not looked at" lease.pml "$void" -DNO_OWNER_CHECK "${one[@]}" -DREUSE=1 -DFRAMES=3
finds "the sequence is stored last, not zeroed first" ring.pml "$torn" -DSEQUENCE_LAST_ONLY
finds "the sequence is not looked at again" ring.pml "$torn" -DNO_RECHECK
finds "armed is a release, head an acquire" wake.pml "$lost" -DRELEASE_ARMED
finds "head is a release, armed an acquire" wake.pml "$lost" -DRELEASE_HEAD
finds "head is not looked at again after arming" wake.pml "$lost" -DNO_REARM_CHECK
finds "the claim is a release, the generation an acquire" dekker.pml "$torn" -DRELEASE_CLAIM
finds "the generation is a release, the claim an acquire" dekker.pml "$torn" -DRELEASE_GENERATION
finds "content overtakes the revocation" dekker.pml "$torn" -DNO_LOAD_AFTER_EPOCH -DOVERTAKING
summary
