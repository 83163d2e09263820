// SPDX-License-Identifier: Apache-2.0
// A process that cannot start a thread, as where the limit of a service or a user is reached.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdlib>

namespace videostream {

// While it lives, every new thread is refused for want of memory for its stack. Not for two at a time.
class NoThreads {
 public:
  NoThreads() {
    if (pthread_getattr_default_np(&before_) != 0) std::abort();
    pthread_attr_t huge;
    constexpr size_t kMoreThanThereIs = size_t{1} << 47;
    if (pthread_attr_init(&huge) != 0 || pthread_attr_setstacksize(&huge, kMoreThanThereIs) != 0 ||
        pthread_setattr_default_np(&huge) != 0) {
      std::abort();
    }
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

}  // namespace videostream
