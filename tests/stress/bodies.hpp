// The items of the random runs and the bodies that handle them, as the plan of the run says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "stress/plan_of_a_run.hpp"

namespace penstock_tests::stress {

/// An item that counts how many of its kind there are.
class token {
 public:
  token(std::uint64_t value, std::uint64_t number) : value_(value), number_(number) { count(); }
  token(const token& other) : value_(other.value_), number_(other.number_) { count(); }
  token(token&& other) noexcept : value_(other.value_), number_(other.number_) { count(); }
  token& operator=(const token&) = default;
  token& operator=(token&&) noexcept = default;
  ~token() { alive().fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }
  /// Of what it was made of, in its source.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

  static std::atomic<long>& alive() noexcept {
    static std::atomic<long> count{0};
    return count;
  }

 private:
  static void count() noexcept { alive().fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t value_;
  std::uint64_t number_;
};

/// What the bodies of one run share, and what they leave behind.
struct scene {
  /// Runs a pipeline inside a body.
  using runner = std::function<penstock::report(const penstock::pipeline&)>;

  scene(const run_plan& what, runner inner)
      : plan(what), run_inner(std::move(inner)), begun(what.stages.size()), returned(what.stages.size()) {}

  /// On entry to a body.
  void enter(std::size_t stage, std::uint64_t value, penstock::context& c) {
    begun[stage].fetch_add(1, std::memory_order_acq_rel);
    all_begun.fetch_add(1, std::memory_order_acq_rel);
    const auto& s = plan.stages[stage];
    const auto fate = plan.fate(stage, value) >> 20;
    if (fate % 1000 < s.spins_of_1000) spin(std::chrono::microseconds(1 + fate % 60));
    if ((fate >> 10) % 1000 < s.nests_of_1000 && !c.stop_token().stop_requested()) nest();
    if ((fate >> 20) % 1000 < s.waits_of_1000) {
      const auto before = returned[stage].load(std::memory_order_acquire);
      while (begun[stage + 1].load(std::memory_order_acquire) < before && !c.stop_token().stop_requested() &&
             !sink_gone) {
        std::this_thread::yield();
      }
    }
    if (plan.throws(stage, value, c.attempt())) throw std::runtime_error("as planned");
    returned[stage].fetch_add(1, std::memory_order_acq_rel);
  }

  void saw(std::uint64_t value) {
    const std::lock_guard lock(mutex);
    seen.push_back(value);
  }

  void got_letter(const penstock::dead<token>& letter) {
    const std::lock_guard lock(mutex);
    letters.push_back({std::stoul(letter.stage.substr(1)), letter.item.value(), letter.attempts});
  }

  const run_plan& plan;
  const runner run_inner;
  std::vector<std::atomic<std::uint64_t>> begun, returned;  ///< bodies, by stage
  std::atomic<std::uint64_t> all_begun{0};
  std::atomic<bool> sink_gone{false};
  std::mutex mutex;
  std::vector<std::uint64_t> seen;        ///< guarded by mutex
  std::vector<run_plan::letter> letters;  ///< guarded by mutex

 private:
  static void spin(std::chrono::microseconds d) {
    const auto until = penstock::clock::now() + d;
    while (penstock::clock::now() < until) {
    }
  }

  void nest() {
    std::atomic<int> sum{0};
    const penstock::pipeline inner(
        "inner", penstock::producer({.name = "count"}, std::views::iota(0, 20)),
        penstock::transform({.name = "work", .workers = 2, .capacity = 3}, [](int n) { return n; }),
        penstock::consumer({.name = "add", .capacity = 2}, [&sum](int n) { sum += n; }));
    const auto r = run_inner(inner);
    if (!r.balanced() || (r.ok() && sum != 190)) throw std::logic_error("an inner run lost items");
  }
};

struct body {
  scene* in;
  std::size_t stage;

 protected:
  [[nodiscard]] std::vector<std::uint64_t> make(const token& item, penstock::context& c) const {
    in->enter(stage, item.value(), c);
    return in->plan.made_of(stage, item.value());
  }
};

struct map_body : body {
  token operator()(const token& item, penstock::context& c) const { return {make(item, c).front(), item.number()}; }
};

struct filter_body : body {
  bool operator()(const token& item, penstock::context& c) const { return !make(item, c).empty(); }
};

struct filter_map_body : body {
  std::optional<token> operator()(const token& item, penstock::context& c) const {
    const auto made = make(item, c);
    return made.empty() ? std::nullopt : std::optional<token>(token(made.front(), item.number()));
  }
};

struct flat_map_body : body {
  std::vector<token> operator()(const token& item, penstock::context& c) const {
    std::vector<token> all;
    for (const auto value : make(item, c)) all.emplace_back(value, item.number());
    return all;
  }
};

struct unbatch_body : body {
  std::vector<token> operator()(std::vector<token> items, penstock::context&) const {
    in->begun[stage].fetch_add(1, std::memory_order_acq_rel);
    return items;
  }
};

struct route_body : body {
  std::size_t operator()(const token& item, penstock::context& c) const {
    return in->plan.branch_of(stage, make(item, c).front());
  }
};

struct key_body : body {
  std::uint64_t operator()(const token& item) const { return in->plan.key_of(stage, item.value()); }
};

struct weight_body {
  std::uint64_t operator()(const token& item) const noexcept { return run_plan::weight_of(item.value()); }
};

struct sink_body : body {
  void operator()(const token& item, penstock::context& c) const { in->saw(make(item, c).front()); }
};

/// Waits now and then: for the others on the strand, or for time; shorter than any limit.
inline boost::asio::awaitable<void> linger(std::uint64_t fate) {
  const std::chrono::microseconds d(fate % 8 == 0 ? fate / 8 % 300 : 0);
  if (fate % 4 == 0) co_await penstock::async_sleep(d);
}

struct async_map_body : body {
  boost::asio::awaitable<token> operator()(token item, penstock::context& c) const {
    const auto value = item.value();
    if (in->plan.lingers(stage, value, c.attempt())) {
      const auto too_long = 2 * in->plan.stages[stage].limit;
      co_await penstock::async_sleep(too_long);
    }
    co_await linger(in->plan.fate(stage, value) >> 40);
    token made(make(item, c).front(), item.number());
    co_await linger(in->plan.fate(stage, value) >> 30);
    co_return made;
  }
};

struct async_sink_body : body {
  boost::asio::awaitable<void> operator()(token item, penstock::context& c) const {
    const auto made = make(item, c).front();
    in->saw(made);
    co_await linger(in->plan.fate(stage, made) >> 40);
  }
};

struct calling_body {
  scene* in;
  std::size_t source = 0;
  std::uint64_t next = 0;
  std::optional<token> operator()(penstock::context& c) {
    if (next == in->plan.items) return std::nullopt;
    const token item(run_plan::source_value(source, next), next);
    ++next;
    in->enter(source, item.value(), c);
    return item;
  }
};

struct async_calling_body {
  scene* in;
  std::uint64_t next = 0;
  boost::asio::awaitable<std::optional<token>> operator()(penstock::context& c) {
    if (next == in->plan.items) co_return std::nullopt;
    const auto value = next;
    co_await linger(in->plan.fate(0, value) >> 40);
    ++next;
    in->enter(0, value, c);
    std::optional<token> item(std::in_place, value, value);
    co_return item;
  }
};

}  // namespace penstock_tests::stress
