// What the stages do for an item: as much as was asked for, and nothing else.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include <penstock/base/clock.hpp>
#include <penstock/stages/options.hpp>

#include "shape.hpp"
#include "tallies.hpp"
#include "work.hpp"

namespace bench {

/// 0, 1, 2, … until there are enough.
class count_up {
 public:
  explicit count_up(const shape& s) : last_(s.items) {}
  std::optional<std::uint64_t> operator()() noexcept {
    if (next_ == last_) return std::nullopt;
    return next_++;
  }

 private:
  std::uint64_t next_ = 0;
  std::uint64_t last_;
};

/// The item of that number.
template <class Item>
class make_item {
 public:
  explicit make_item(const shape& s) : work_(s.produce_work), bytes_(s.item_bytes), latency_(s.latency) {}
  Item operator()(std::uint64_t number) const {
    work_.spend();
    Item item;
    item.number = number;
    item.load(bytes_);
    if (latency_) item.made = penstock::clock::now();
    return item;
  }

 private:
  effort work_;
  std::size_t bytes_;
  bool latency_;
};

/// One producer on its own: counts, and makes the item.
template <class Item>
class count_and_make {
 public:
  explicit count_and_make(const shape& s) : count_(s), make_(s) {}
  std::optional<Item> operator()() {
    if (const auto number = count_()) return make_(*number);
    return std::nullopt;
  }

 private:
  count_up count_;
  make_item<Item> make_;
};

/// Works for a time, or waits that long as for a disk.
template <class Item>
class pass_on {
 public:
  explicit pass_on(const shape& s)
      : waits_(s.place == penstock::place::blocking), time_(s.work), work_(waits_ ? penstock::duration{} : s.work) {}
  Item operator()(Item item) const {
    if (waits_) {
      if (time_ > penstock::duration::zero()) std::this_thread::sleep_for(time_);
    } else {
      work_.spend();
    }
    return item;
  }

 private:
  bool waits_;
  penstock::duration time_;
  effort work_;
};

/// Looks at the item, and writes down what it found.
template <class Item>
class take_in {
 public:
  take_in(const shape& s, consumed& into) : work_(s.consume_work), latency_(s.latency), into_(&into) {}
  void operator()(const Item& item) const noexcept {
    if (latency_) {
      const auto age = penstock::clock::now() - item.made;
      into_->latency.record(static_cast<std::uint64_t>(age.count()));
    }
    ++into_->count;
    into_->sum += item.number;
    if (!item.intact()) ++into_->wrong;
    work_.spend();
  }

 private:
  effort work_;
  bool latency_;
  consumed* into_;
};

}  // namespace bench
