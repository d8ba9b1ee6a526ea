// Pipelines with branches, drawn by lot, and what is foretold of each: where every item ends, and by which way.
//
// An item carries the letters of the stages it went through.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "penstock/penstock.hpp"

namespace penstock_tests::branches {

using namespace penstock;

/// Counts what is alive, copies included.
struct thing {
  explicit thing(int n) : id(n) { ++alive; }
  thing(const thing& other) : id(other.id), way(other.way) { ++alive; }
  thing(thing&& other) noexcept : id(other.id), way(std::move(other.way)) { ++alive; }
  thing& operator=(const thing&) = default;
  thing& operator=(thing&&) noexcept = default;
  ~thing() { --alive; }

  int id;
  std::string way;

  static inline std::atomic<long> alive{0};
};

/// What each end of a pipeline got, in order.
class ends {
 public:
  void note(const std::string& end, const thing& one) {
    const std::lock_guard lock(lock_);
    got_[end].emplace_back(one.way, one.id);
  }
  [[nodiscard]] const std::vector<std::pair<std::string, int>>& at(const std::string& end) { return got_[end]; }
  [[nodiscard]] std::size_t in_all() const {
    std::size_t all = 0;
    for (const auto& [name, items] : got_) all += items.size();
    return all;
  }

  /// How often an item came to an end by a way.
  using census = std::map<std::tuple<std::string, std::string, int>, int>;
  [[nodiscard]] census count() const {
    census all;
    for (const auto& [name, items] : got_) {
      for (const auto& [way, id] : items) ++all[{name, way, id}];
    }
    return all;
  }

  /// True when, for each end and way, items came in ascending order.
  [[nodiscard]] bool in_order() const {
    std::map<std::pair<std::string, std::string>, int> last;
    for (const auto& [name, items] : got_) {
      for (const auto& [way, id] : items) {
        const auto [place, first] = last.try_emplace({name, way}, id);
        if (!first && place->second >= id) return false;
        place->second = id;
      }
    }
    return true;
  }

 private:
  std::mutex lock_;
  std::map<std::string, std::vector<std::pair<std::string, int>>> got_;
};

/// One drawn pipeline.
class drawn {
 public:
  drawn(std::uint64_t seed, int how_many);

  /// What comes to which end by which way, if nothing ends the run early.
  [[nodiscard]] ends::census foretold() const;

  std::uint64_t throw_dice(std::uint64_t sides) { return dice_() % sides; }

 private:
  std::mt19937_64 dice_;

 public:
  using way_list = std::vector<std::pair<std::string, std::string>>;

  const int items;
  queue<thing> input;  ///< all items, and closed
  ends got;
  bool kept = true;                   ///< no stage may change the order
  char bad_letter = '-';              ///< the stage that throws for some items, and skips them
  std::function<way_list(int)> ways;  ///< (end, way) of an item
  std::optional<pipeline> line;
};

}  // namespace penstock_tests::branches
