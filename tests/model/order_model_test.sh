#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What lease.pml takes for granted: a descriptor is copied whole or not at all, no wake-up is lost, and where the order
# of two words matters, store buffers do not spoil it.
set -euo pipefail
# shellcheck source=tests/model/spin.sh
source tests/model/spin.sh

proves "a descriptor is copied whole" ring.pml
terminates "every copy comes to an end" ring.pml
proves "no wake-up is lost" wake.pml -DFRAMES=4
proves "claim and generation, stores in order" dekker.pml -DTRIES=8
proves "claim and generation, stores overtake" dekker.pml -DTRIES=8 -DOVERTAKING
summary
