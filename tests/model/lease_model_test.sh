#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No buffer changes under a valid lease, the producer never waits, nobody pins for ever: every state of lease.pml within
# bounds, the larger ones with VIDEOSTREAM_SOAK=1 (docs/design/lease-model.md).
set -euo pipefail
# shellcheck source=tests/model/spin.sh
source tests/model/spin.sh

export OPTIMIZE=-O2 HASH=24
sets=(-DSETS=2 -DBUFFERS=2 -DIDS=3)
proves "everything at once" lease.pml "${sets[@]}" -DREUSE=1 -DFRAMES=3 -DLEASES=2 -DREVOCATIONS=1
proves "more buffers and frames" lease.pml -DBUFFERS=3 -DIDS=3 -DFRAMES=4 -DLEASES=2 -DREVOCATIONS=1
proves "a set ends, its ids come again" lease.pml "${sets[@]}" -DFRAMES=4 -DLEASES=1 -DREVOCATIONS=1
proves "consumers end at any point; the books" lease.pml -DSTOP -DBOOKS -DBUFFERS=3 -DIDS=3 -DFRAMES=4 -DLEASES=1
proves "a queue that keeps up loses nothing" lease.pml -DNO_LOSS -DBUFFERS=5 -DIDS=5 -DFRAMES=7 -DLEASES=1 \
  -DREVOCATIONS=0
terminates "no run is endless" lease.pml "${sets[@]}" -DFRAMES=3 -DLEASES=1 -DREVOCATIONS=1

if [[ -n ${VIDEOSTREAM_SOAK:-} ]]; then
  export MEMORY=12000 HASH=27
  proves "everything, another frame" lease.pml "${sets[@]}" -DREUSE=1 -DFRAMES=4 -DLEASES=1 -DREVOCATIONS=1
  proves "everything, another revocation" lease.pml "${sets[@]}" -DREUSE=1 -DFRAMES=3 -DLEASES=2 -DREVOCATIONS=2
  proves "everything, consumers end; the books" lease.pml -DSTOP -DBOOKS "${sets[@]}" -DREUSE=1 -DFRAMES=3 -DLEASES=1
  proves "more buffers and revocations" lease.pml -DBUFFERS=3 -DIDS=3 -DFRAMES=4 -DLEASES=2 -DREVOCATIONS=2
  proves "three consumers" lease.pml -DSLOTS=3 -DBUFFERS=2 -DIDS=2 -DFRAMES=3 -DLEASES=1 -DREVOCATIONS=2
  proves "a queue, more frames" lease.pml -DNO_LOSS -DBUFFERS=5 -DIDS=5 -DFRAMES=8 -DLEASES=1 -DREVOCATIONS=0
  terminates "no run is endless, another frame" lease.pml "${sets[@]}" -DFRAMES=4 -DLEASES=1 -DREVOCATIONS=1
fi
echo "PROOF: lease.pml: $(summary); no error"
