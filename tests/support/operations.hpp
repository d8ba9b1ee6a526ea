// Random sequences of operations, for rules that are compared with a naive model. A sequence that shows a difference is
// shrunk until nothing can be left out of it, and printed, with the seed it came from.
//
// PENSTOCK_SEQUENCES: how many of each property, from PENSTOCK_FIRST_SEED (1) on. PENSTOCK_SEED: one of them again.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace penstock_tests {

/// One call. Whoever plays it decides what the numbers mean, and every number means something: so a part of a sequence
/// is a sequence, and so are any bytes.
struct operation {
  std::uint8_t what = 0;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
};
using operations = std::vector<operation>;

/// Rules and model do not agree.
class difference : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void demand(bool true_, const char* what) {
  if (!true_) throw difference(what);
}

template <class A, class B>
void same(const char* what, const A& real, const B& model) {
  if (real == model) return;
  throw difference(std::string(what) + ": " + ::testing::PrintToString(real) + ", and by the model " +
                   ::testing::PrintToString(model));
}

inline operations operations_of(std::span<const std::uint8_t> bytes) {
  operations all;
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3) all.push_back({bytes[i], bytes[i + 1], bytes[i + 2]});
  return all;
}

inline operations random_operations(std::uint64_t seed, std::size_t most) {
  std::mt19937_64 random(seed);
  operations all(1 + random() % most);
  for (auto& o : all) {
    const auto bits = random();
    o = {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits >> 16)};
  }
  return all;
}

/// The shortest that still fails and that is found by leaving operations out and making numbers smaller.
template <class Fails>
operations shrunk(operations all, Fails fails) {
  const auto take = [&](operations smaller) {
    if (!fails(smaller)) return false;
    all = std::move(smaller);
    return true;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (auto length = all.size(); length > 0; length /= 2) {
      for (std::size_t at = 0; at + length <= all.size();) {
        auto rest = all;
        const auto from = rest.begin() + static_cast<std::ptrdiff_t>(at);
        rest.erase(from, from + static_cast<std::ptrdiff_t>(length));
        if (take(std::move(rest))) {
          changed = true;
        } else {
          at += length;
        }
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (auto number : {&operation::a, &operation::b}) {
        const int before = all[i].*number;
        for (const int wish : {0, before / 2, before - 1}) {
          if (wish < 0 || wish >= before) continue;
          auto smaller = all;
          smaller[i].*number = static_cast<std::uint8_t>(wish);
          if (take(std::move(smaller))) {
            changed = true;
            break;
          }
        }
      }
    }
  }
  return all;
}

/// What `play(operations, log)` finds different; empty if nothing.
template <class Play>
std::string what_differs(Play& play, const operations& all, std::ostream& log) {
  try {
    play(std::span<const operation>(all), log);
    return {};
  } catch (const difference& d) {
    return d.what();
  }
}

/// A sequence that fails, as short as it gets, line by line; empty if this one does not fail.
template <class Play>
std::string shortest_failure(Play& play, const operations& all) {
  std::ostringstream unread;
  if (what_differs(play, all, unread).empty()) return {};
  const auto fails = [&](const operations& o) {
    std::ostringstream nowhere;
    return !what_differs(play, o, nowhere).empty();
  };
  const auto few = shrunk(all, fails);
  std::ostringstream text;
  const auto what = what_differs(play, few, text);
  text << what << " (" << few.size() << " operations, shrunk from " << all.size() << ")\n";
  return text.str();
}

/// `play(std::span<const operation>, std::ostream& log)` does the operations to the rules and to the model, writes a
/// line for each into the log, and throws `difference` where they do not agree. It starts afresh in each call.
template <class Play>
void agree_on_random_operations(Play play, std::uint64_t sequences = 500, std::size_t longest = 200) {
  const auto number = [](const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text != nullptr ? std::stoull(text) : otherwise;
  };
  const auto one = number("PENSTOCK_SEED", 0);
  const auto first = one != 0 ? one : number("PENSTOCK_FIRST_SEED", 1);
  const auto count = one != 0 ? 1 : number("PENSTOCK_SEQUENCES", sequences);
  for (auto seed = first; seed < first + count; ++seed) {
    const auto failure = shortest_failure(play, random_operations(seed, longest));
    if (!failure.empty()) {
      FAIL() << "PENSTOCK_SEED=" << seed << " plays this again:\n" << failure;
    }
  }
  std::cout << count << " sequences, seeds " << first << " to " << first + count - 1 << "\n";
}

}  // namespace penstock_tests
