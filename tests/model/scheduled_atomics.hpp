// Stands in for std::atomic in headers that are included after this one: before each operation a scheduler decides who
// goes next, so a test can play real code, line for line as it is, in every order of its atomic operations.
//
// Threads are fibers on one thread. What a fiber does follows from what it has read, so two histories in which every
// fiber has read the same, and memory is the same, go on in the same ways: such a state is explored once. Interleavings
// are sequentially consistent; weaker orders are for ThreadSanitizer and the reader.
#pragma once

#include <ucontext.h>

// All that the headers under test include of others, so that the names below change in ours alone.
#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/system_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <stop_token>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

// A lock is not played: its atomics stay those of the machine.
#include "penstock/sync/detail/small_lock.hpp"

namespace penstock::model {

inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  auto x = a * 0x9e3779b97f4a7c15U + b + 0x7f4a7c15U;
  x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9U;
  return x ^ (x >> 32);
}

/// Plays the fibers of one world. One at a time is `current`; without one, atomics are plain variables.
class scheduler {
 public:
  static scheduler*& current() noexcept {
    static scheduler* it = nullptr;
    return it;
  }

  scheduler() { current() = this; }
  ~scheduler() { current() = nullptr; }
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  void add(std::string name, std::function<void()> code) {
    fibers_.push_back(std::make_unique<fiber>(std::move(name), std::move(code)));
  }

  /// Each fiber up to its first operation.
  void begin() {
    for (const auto& f : fibers_) prepare(*f);
    for (std::size_t i = 0; i < fibers_.size(); ++i) go(i);
  }

  [[nodiscard]] std::vector<std::size_t> ready() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < fibers_.size(); ++i) {
      const auto& f = *fibers_[i];
      if (!f.ended && (!f.waits_for || f.waits_for())) all.push_back(i);
    }
    return all;
  }

  /// `i` does the operation it stands before, and goes on to the next.
  void go(std::size_t i) {
    at_ = fibers_[i].get();
    at_->waits_for = nullptr;
    at_->history = mixed(at_->history, 1);  // one operation further
    ::swapcontext(&main_, &at_->context);
    at_ = nullptr;
  }

  [[nodiscard]] std::string who_waits() const {
    std::string all;
    for (const auto& f : fibers_) {
      if (!f->ended) all += " " + f->name;
    }
    return all;
  }

  [[nodiscard]] std::uint64_t state() const noexcept {
    auto hash = memory_;
    for (const auto& f : fibers_) hash = mixed(hash, f->history * 2 + (f->ended ? 1 : 0));
    return hash;
  }

  /// What is made in `make` has atomics that are plain variables: for what a test does not look into.
  template <class Make>
  auto without_steps(Make make) {
    current() = nullptr;
    auto made = make();
    current() = this;
    return made;
  }

  // For the atomics.

  [[nodiscard]] bool plays() const noexcept { return at_ != nullptr; }
  void stop_before_an_operation() noexcept {
    auto* const f = at_;
    ::swapcontext(&f->context, &main_);
  }
  void saw(std::size_t where, std::uint64_t value) {
    at_->history = mixed(mixed(at_->history, where), value);
    if (trace != nullptr) *trace << at_->name << ": variable " << where << " is " << value << "\n";
  }
  void changed(std::size_t where, std::uint64_t from, std::uint64_t to) {
    memory_ ^= mixed(where, from) ^ mixed(where, to);
    if (trace != nullptr && at_ != nullptr) *trace << at_->name << ": variable " << where << " becomes " << to << "\n";
  }
  /// The calling fiber is at a place where only `rest` decides how it goes on, not what it has read on its way.
  void remember_only(std::uint64_t rest) noexcept { at_->history = rest; }
  std::size_t new_variable() noexcept { return ++variables_; }

  /// The calling fiber is not ready until `condition`, which must depend on atomics alone.
  void wait_until(std::function<bool()> condition) {
    at_->waits_for = std::move(condition);
    stop_before_an_operation();
  }

  std::ostream* trace = nullptr;

 private:
  static constexpr std::size_t stack_size = 256 * 1024;
  /// Stacks are used again: a world is made for every history.
  class stack_memory {
   public:
    stack_memory() {
      auto& spare = pool();
      if (spare.empty()) spare.push_back(std::make_unique<char[]>(stack_size));
      memory_ = std::move(spare.back());
      spare.pop_back();
    }
    ~stack_memory() { pool().push_back(std::move(memory_)); }
    stack_memory(const stack_memory&) = delete;
    stack_memory& operator=(const stack_memory&) = delete;
    [[nodiscard]] char* get() const noexcept { return memory_.get(); }

   private:
    static std::vector<std::unique_ptr<char[]>>& pool() {
      static std::vector<std::unique_ptr<char[]>> spare;
      return spare;
    }
    std::unique_ptr<char[]> memory_;
  };
  struct fiber {
    fiber(std::string n, std::function<void()> c) : name(std::move(n)), code(std::move(c)) {}
    std::string name;
    std::function<void()> code;
    stack_memory stack;
    ucontext_t context{};
    std::function<bool()> waits_for;
    std::uint64_t history = 0;
    bool ended = false;
  };

  void prepare(fiber& f) {
    ::getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.get();
    f.context.uc_stack.ss_size = stack_size;
    f.context.uc_link = &main_;
    ::makecontext(&f.context, enter, 0);
  }

  static void enter() {
    auto* const f = current()->at_;
    current()->stop_before_an_operation();
    f->code();
    f->ended = true;
  }

  std::vector<std::unique_ptr<fiber>> fibers_;
  fiber* at_ = nullptr;
  ucontext_t main_{};
  std::uint64_t memory_ = 0;
  std::size_t variables_ = 0;
};

struct explored {
  std::uint64_t states = 0;
  std::uint64_t ends = 0;  ///< histories that came to rest in different ways
  std::string failure;     ///< the first, with the way there
};

/// `make(scheduler&)` makes a world, which adds fibers; when nobody is ready any more, `world->at_rest(scheduler&)`
/// says what is wrong, or nothing.
template <class Make>
explored explore(Make make) {
  explored result;
  std::unordered_set<std::uint64_t> seen;
  struct choice {
    std::size_t taken;
    std::vector<std::size_t> among;
  };
  std::vector<choice> path;
  const auto play = [&](std::ostream* trace) {
    scheduler s;
    s.trace = trace;
    auto world = make(s);
    s.begin();
    for (std::size_t depth = 0;; ++depth) {
      if (depth == path.size()) {
        if (trace == nullptr && !seen.insert(s.state()).second) return std::string();
        auto among = s.ready();
        if (among.empty()) {
          ++result.ends;
          return world->at_rest(s);
        }
        path.push_back({0, std::move(among)});
      }
      s.go(path[depth].among[path[depth].taken]);
    }
  };
  for (;;) {
    auto failure = play(nullptr);
    if (!failure.empty()) {
      std::ostringstream way;
      play(&way);
      result.failure = failure + "\n" + way.str();
      break;
    }
    while (!path.empty() && path.back().taken + 1 == path.back().among.size()) path.pop_back();
    if (path.empty()) break;
    ++path.back().taken;
  }
  result.states = seen.size();
  return result;
}

}  // namespace penstock::model

// A test may: nobody else sees this program.
namespace std {  // NOLINT(cert-dcl58-cpp)

template <class T>
class scheduled_atomic {
 public:
  scheduled_atomic() noexcept : scheduled_atomic(T()) {}
  scheduled_atomic(T value) noexcept : value_(value) {  // NOLINT(google-explicit-constructor): as std::atomic
    if (auto* const s = scheduler::current()) number_ = s->new_variable();
  }
  scheduled_atomic(const scheduled_atomic&) = delete;
  scheduled_atomic& operator=(const scheduled_atomic&) = delete;
  T operator=(T value) noexcept { return store(value), value; }
  operator T() const noexcept { return load(); }  // NOLINT(google-explicit-constructor)

  T load(memory_order = memory_order_seq_cst) const noexcept {
    if (!plays() || number_ == 0) return value_;
    scheduler::current()->stop_before_an_operation();
    scheduler::current()->saw(number_, bits(value_));
    return value_;
  }
  void store(T value, memory_order = memory_order_seq_cst) noexcept {
    change([value](T) { return value; }, false);
  }
  T exchange(T value, memory_order = memory_order_seq_cst) noexcept {
    return change([value](T) { return value; }, true);
  }
  T fetch_add(T n, memory_order = memory_order_seq_cst) noexcept {
    return change([n](T old) { return static_cast<T>(old + n); }, true);
  }
  T fetch_sub(T n, memory_order = memory_order_seq_cst) noexcept {
    return change([n](T old) { return static_cast<T>(old - n); }, true);
  }
  T fetch_or(T n, memory_order = memory_order_seq_cst) noexcept {
    return change([n](T old) { return static_cast<T>(old | n); }, true);
  }
  bool compare_exchange_strong(T& expected, T wanted, memory_order = memory_order_seq_cst,
                               memory_order = memory_order_seq_cst) noexcept {
    const T old = change([&](T now) { return now == expected ? wanted : now; }, true);
    return old == expected ? true : (expected = old, false);
  }
  bool compare_exchange_weak(T& expected, T wanted, memory_order a = memory_order_seq_cst,
                             memory_order b = memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, wanted, a, b);
  }

  /// Without a step: for conditions of a scheduler.
  [[nodiscard]] T peek() const noexcept { return value_; }

 private:
  using scheduler = penstock::model::scheduler;
  static bool plays() noexcept { return scheduler::current() != nullptr && scheduler::current()->plays(); }
  static std::uint64_t bits(T value) noexcept { return static_cast<std::uint64_t>(value); }

  template <class Change>
  T change(Change to, bool looks) noexcept {
    const bool played = plays() && number_ != 0;
    if (played) scheduler::current()->stop_before_an_operation();
    const T old = value_;
    value_ = to(old);
    if (scheduler::current() != nullptr && number_ != 0)
      scheduler::current()->changed(number_, bits(old), bits(value_));
    if (played) scheduler::current()->saw(number_, looks ? bits(old) : 0);
    return old;
  }

  T value_;
  std::size_t number_ = 0;
};

}  // namespace std

#define atomic scheduled_atomic  // NOLINT(bugprone-macro-parentheses)
