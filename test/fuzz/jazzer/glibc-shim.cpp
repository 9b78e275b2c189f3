// SPDX-License-Identifier: Apache-2.0
// What the fuzzer's addon, built for glibc 2.38 and GCC 13, asks of the C and C++ libraries and older ones do not have.
// See fit-addon.ts.
#include <cstdlib>
#include <iostream> // Sets up cout and cerr, which GCC 13's library does by itself.

extern "C" {
long __isoc23_strtol(const char *text, char **end, int base) { return std::strtol(text, end, base); }
unsigned long __isoc23_strtoul(const char *text, char **end, int base) { return std::strtoul(text, end, base); }
}

namespace std {
void ios_base_library_init() {}
}
