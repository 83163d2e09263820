// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target as a test, without libFuzzer: mutations of the target's corpus from a seed, the same ones each
// time. No feedback from coverage: what it finds are the mistakes near valid input. A finding (crash, abort, sanitizer,
// hang) leaves the input behind; the program run with that file repeats it. Those of the past, in crashes/TARGET, come
// first (README.md).
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <random>
#include <utility>

#include "tests/fuzz/fuzz.h"

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace videostream::fuzz {
namespace {

constexpr unsigned kHangSeconds = 60;  // for one input, on the slowest machine under the slowest sanitizer
constexpr size_t kMaxInput = 8192;

// For the handler: what runs now and where it goes.
const uint8_t* current_data = nullptr;
size_t current_size = 0;
char current_file[256];
char current_note[512];

void Say(const char* text) { (void)!::write(STDERR_FILENO, text, std::strlen(text)); }

void SaveInput() {
  if (current_data == nullptr) return;
  const uint8_t* data = std::exchange(current_data, nullptr);
  Say(current_note);
  const int fd = ::open(current_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0 && ::write(fd, data, current_size) == static_cast<ssize_t>(current_size)) Say(current_file);
  Say("\nrepeat it: run this test's program with that file. Once it is mended, keep it: tests/fuzz/crashes/TARGET/WHAT"
      "\nas hexadecimal numbers (xxd -r -p):\n");
  char line[128];
  for (size_t i = 0, used = 0; i < current_size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    line[used++] = kDigits[data[i] >> 4];
    line[used++] = kDigits[data[i] & 15];
    if (used < 120 && i + 1 < current_size) continue;
    line[used++] = '\n';
    (void)!::write(STDERR_FILENO, line, std::exchange(used, 0));
  }
  Say("\n");
}

void OnSignal(int number) {
  if (number == SIGALRM) Say("finding: one input takes too long\n");
  SaveInput();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

class Mutator {
 public:
  Mutator(std::vector<Bytes> corpus, uint64_t seed) : corpus_(std::move(corpus)), random_(seed) {}

  const Bytes& Next() {
    input_ = Choose();
    for (uint64_t turns = Below(5); turns > 0 || input_.empty(); turns -= turns > 0 ? 1 : 0) Mutate();
    if (input_.size() > kMaxInput) input_.resize(kMaxInput);
    return input_;
  }

 private:
  // Without std::uniform_int_distribution, which is not the same in every library.
  uint64_t Below(uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const Bytes& Choose() { return corpus_[Below(corpus_.size())]; }
  size_t Place(size_t bytes = 0) { return Below(input_.size() > bytes ? input_.size() - bytes : 0); }

  template <class T>
  void PutInteresting() {
    if (input_.size() < sizeof(T)) return;
    constexpr uint64_t kValues[] = {0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    15,
                                    16,
                                    17,
                                    32,
                                    33,
                                    63,
                                    64,
                                    65,
                                    127,
                                    128,
                                    255,
                                    256,
                                    1023,
                                    1024,
                                    1025,
                                    4095,
                                    4096,
                                    4097,
                                    16384,
                                    16385,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x10000,
                                    0x3fffffff,
                                    0x40000000,
                                    0x40000001,
                                    0x7fffffff,
                                    0x80000000,
                                    0xfffffffe,
                                    0xffffffff,
                                    0x100000000,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    0xfffffffffffffff8,
                                    0xffffffffffffffff};
    size_t at = Place(sizeof(T));
    if (Below(2) == 0) at = at / sizeof(T) * sizeof(T);
    T value{};
    std::memcpy(&value, input_.data() + at, sizeof value);
    switch (Below(3)) {
      case 0:
        value = static_cast<T>(kValues[Below(std::size(kValues))]);
        break;
      case 1:
        value = static_cast<T>(value + Below(9) - 4);
        break;
      default:
        value = static_cast<T>(random_());
        break;
    }
    std::memcpy(input_.data() + at, &value, sizeof value);
  }

  void Mutate() {
    const auto at = [this](size_t place) { return input_.begin() + static_cast<ptrdiff_t>(place); };
    switch (Below(9)) {
      case 0:
        if (!input_.empty()) input_[Place()] ^= static_cast<uint8_t>(1u << Below(8));
        break;
      case 1:
        return PutInteresting<uint8_t>();
      case 2:
        return PutInteresting<uint16_t>();
      case 3:
        return PutInteresting<uint32_t>();
      case 4:
        return PutInteresting<uint64_t>();
      case 5: {  // take a piece away
        const size_t from = Place();
        input_.erase(at(from), at(from + Below(std::min<size_t>(input_.size() - from, 64) + 1)));
        break;
      }
      case 6: {  // the same piece once more, somewhere
        const size_t from = Place();
        const size_t bytes = Below(std::min<size_t>(input_.size() - from, 200) + 1);
        const Bytes piece(at(from), at(from + bytes));
        input_.insert(at(Place()), piece.begin(), piece.end());
        break;
      }
      case 7: {  // the beginning of this, the end of another
        const Bytes& other = Choose();
        const size_t from = Below(other.size() + 1);
        input_.resize(Below(input_.size() + 1));
        input_.insert(input_.end(), other.begin() + static_cast<ptrdiff_t>(from), other.end());
        break;
      }
      default: {  // another one after this
        const Bytes& other = Choose();
        input_.insert(input_.end(), other.begin(), other.end());
        break;
      }
    }
  }

  std::vector<Bytes> corpus_;
  std::mt19937_64 random_;
  Bytes input_;
};

void RunOne(const Bytes& input) {
  current_size = input.size();
  current_data = input.data();
  ::alarm(kHangSeconds);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  current_data = nullptr;
}

Bytes ReadFile(const char* path) {
  Bytes bytes;
  std::FILE* file = std::fopen(path, "rbe");
  if (file == nullptr) {
    std::fprintf(stderr, "'%s': %s\n", path, std::strerror(errno));
    std::exit(2);
  }
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) bytes.push_back(static_cast<uint8_t>(c));
  std::fclose(file);
  return bytes;
}

int WriteCorpus(const std::string& folder) {
  ::mkdir(folder.c_str(), 0755);
  int number = 0;
  for (const Bytes& one : Corpus()) {
    const std::string path = folder + "/" + std::to_string(number++);
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr || std::fwrite(one.data(), 1, one.size(), file) != one.size() || std::fclose(file) != 0) {
      std::fprintf(stderr, "'%s': %s\n", path.c_str(), std::strerror(errno));
      return 2;
    }
  }
  std::printf("%d inputs in '%s'\n", number, folder.c_str());
  return 0;
}

int Main(int argc, char** argv) {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGALRM}) ::signal(number, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(SaveInput);
  if (argc == 3 && std::string(argv[1]) == "--write-corpus") return WriteCorpus(argv[2]);
  if (argc > 1 && std::string(argv[1]) != "--kept") {
    for (int i = 1; i < argc; ++i) RunOne(ReadFile(argv[i]));
    std::printf("%d inputs, nothing found\n", argc - 1);
    return 0;
  }
  const char* seed_text = std::getenv("VIDEOSTREAM_SEED");
  const uint64_t seed = seed_text != nullptr ? std::strtoull(seed_text, nullptr, 10) : 1;
  const uint64_t runs = std::getenv("VIDEOSTREAM_SOAK") != nullptr ? kLongRun : kLongRun / 20;
  const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  std::printf("seed %llu, %llu inputs, after %d that were findings once\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(runs), std::max(argc - 2, 0));
  std::fflush(stdout);
  std::snprintf(current_file, sizeof current_file, "%s/finding-kept", folder != nullptr ? folder : "/tmp");
  for (int i = 2; i < argc; ++i) {
    std::snprintf(current_note, sizeof current_note, "found before, '%s': ", argv[i]);
    RunOne(ReadFile(argv[i]));
  }
  std::snprintf(current_file, sizeof current_file, "%s/finding-corpus", folder != nullptr ? folder : "/tmp");
  std::snprintf(current_note, sizeof current_note, "an input of the corpus itself: ");
  for (const Bytes& one : Corpus()) RunOne(one);
  Mutator mutator(Corpus(), seed);
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t run = 0; run < runs; ++run) {
    const Bytes& input = mutator.Next();
    std::snprintf(current_file, sizeof current_file, "%s/finding-%llu-%llu", folder != nullptr ? folder : "/tmp",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(run));
    std::snprintf(current_note, sizeof current_note,
                  "seed %llu, input %llu of %zu bytes: ", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(run), input.size());
    RunOne(input);
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("PROOF: %llu inputs (%.0f per second), nothing found\n", static_cast<unsigned long long>(runs),
              static_cast<double>(runs) / std::max(time.count(), 0.001));
  return 0;
}

}  // namespace
}  // namespace videostream::fuzz

int main(int argc, char** argv) { return videostream::fuzz::Main(argc, argv); }
