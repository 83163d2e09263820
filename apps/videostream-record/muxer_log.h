// SPDX-License-Identifier: Apache-2.0
// What libavformat has to say, in our form.
#pragma once

namespace videostream::record {

// From now on its warnings and errors are lines on stderr that name it; everything below is dropped. For the whole
// process; once, before other threads.
void RouteMuxerLog();

}  // namespace videostream::record
