// SPDX-License-Identifier: Apache-2.0
// The floor: a C++ program, linked as ours are, that does nothing. With an argument it stays until it is ended.
#include <unistd.h>

#include <iostream>

int main(int argc, char** /*argv*/) {
  std::cout << std::flush;
  if (argc > 1) pause();
  return 0;
}
