// Penstock behind neutral verbs, so that a suite of behaviours from elsewhere can be compiled against it: this is the
// one include, and there is no test framework in it. README.md beside it has the link line and an example.
//
// A queue, by how its calls wait:
//
// * thread_queue<T>: they block the calling thread.
// * coroutine_queue<T>: each is a coroutine on a loop of the queue's own, which the caller waits for.
// * handler_queue<T>: each completes in a handler there.
// * mixed_queue<T>: they take turns, as a thread, a coroutine and a handler.
//
// What runs source -> stages -> sink:
//
// * thread_machine: with plain bodies; blocks in `wait`.
// * coroutine_machine: with coroutines as bodies where a stage may have them; awaits the end in a coroutine.
#pragma once

#include <algorithm>
#include <vector>

#include "adapter_bodies.hpp"
#include "adapter_waits.hpp"

namespace adapter {

// ---- the queue: bounded, first in first out, any number of putters and getters ----

template <class T, class Wait>
class any_queue {
 public:
  using value_type = T;

  /// Throws `std::invalid_argument` for 0.
  explicit any_queue(std::size_t capacity, when_full policy = when_full::block)
      : queue_(std::make_unique<penstock::queue<T>>(
            penstock::queue_options{.capacity = capacity, .overflow = policy, .name = "conformance"})) {}
  /// Without a bound.
  any_queue() : queue_(std::make_unique<penstock::queue<T>>(penstock::unbounded)) {}

  // Never wait. A refused item is left unmoved.
  moved try_put(T&& item) { return queue_->try_put(std::move(item)); }
  taken<T> try_get() { return queue_->try_get(); }
  moved try_put_all(std::span<T> items) { return queue_->try_put_n(items); }
  moved try_get_some(std::vector<T>& to, std::size_t most) { return queue_->try_get_n(to, most); }

  // Wait for room, for an item, for the last `task_done`. A refused item is left as it was.
  moved put(T&& item, limits most = {}) { return wait_.put(*queue_, item, most.given()); }
  taken<T> get(limits most = {}) { return wait_.get(*queue_, most.given()); }
  moved join(limits most = {}) { return wait_.join(*queue_, most.given()); }

  /// Waits until all are in. Only from a thread it is one operation, with one place in line.
  moved put_all(std::span<T> items, limits most = {}) { return wait_.put_all(*queue_, items, most.given()); }
  /// Waits for one, then takes what is there.
  moved get_some(std::vector<T>& to, std::size_t most_items, limits most = {}) {
    return wait_.get_some(*queue_, to, most_items, most.given());
  }

  // For coroutines of the suite's own; what they refer to must outlive them.
  static asio::awaitable<moved> async_put(any_queue& q, T& item, limits most = {}) {
    return by_coroutine::async_put(*q.queue_, item, most.given());
  }
  static asio::awaitable<taken<T>> async_get(any_queue& q, limits most = {}) {
    return by_coroutine::async_get(*q.queue_, most.given());
  }
  static asio::awaitable<moved> async_join(any_queue& q, limits most = {}) {
    return by_coroutine::async_join(*q.queue_, most.given());
  }

  /// Throws `std::system_error` when more are done than were put.
  void task_done(std::size_t n = 1) { queue_->task_done(n); }

  /// No more puts; what is there can still be got, then comes the end. True for the call that did it.
  bool close() { return queue_->close(); }
  /// The same, and then comes the error.
  bool close(std::exception_ptr error) { return queue_->close(std::move(error)); }
  /// Drops what is there; every waiting and later call is cancelled. True for the call that did it.
  bool cancel() { return queue_->cancel(); }

  /// The counts of one instant: `size`, `capacity`, `waiting_getters`, `unfinished`, …
  [[nodiscard]] counts now() const { return queue_->snapshot(); }
  [[nodiscard]] std::size_t size() const { return now().size; }

  /// For what has no neutral word.
  [[nodiscard]] penstock::queue<T>& native() noexcept { return *queue_; }

 private:
  Wait wait_;
  std::unique_ptr<penstock::queue<T>> queue_;
};

template <class T>
using thread_queue = any_queue<T, by_thread>;
template <class T>
using coroutine_queue = any_queue<T, by_coroutine>;
template <class T>
using handler_queue = any_queue<T, by_handler>;
template <class T>
using mixed_queue = any_queue<T, in_turn>;

// ---- the run: a line is drawn once, `into` makes it a job, a machine runs it ----

using job = penstock::pipeline;
using ended = penstock::end_state;  ///< completed stopped cancelled failed

/// What became of the items of one stage. At the end: in = done + failed + dropped.
struct stage_numbers {
  std::string name;  ///< its position: "0" is the source; "2a" and "2b" are the parts of 2
  std::uint64_t in = 0, emitted = 0, done = 0, failed = 0, dropped = 0;
  std::uint64_t dropped_before = 0;  ///< on the way to it
};

struct outcome {
  bool over = false;
  ended how = ended::completed;
  std::exception_ptr error = {};  ///< what failed it, unchanged
  bool adds_up = false;           ///< every item of every stage is accounted for
  std::vector<stage_numbers> stages = {};
};

/// How a run is asked to end by somebody else, and how long a stop may take.
struct parents {
  penstock::stop_token stop = {};
  std::chrono::nanoseconds drain_within = std::chrono::nanoseconds::max();
};

template <class Bodies>
class running {
 public:
  explicit running(penstock::run run, loop* home) : run_(std::move(run)), home_(home) {}

  void stop() const { run_.stop(); }                                     ///< no new input, finish the rest
  void cancel() const { run_.cancel(); }                                 ///< drop the rest
  void drain(std::chrono::nanoseconds most) const { run_.drain(most); }  ///< stop, and cancel after that time
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds most) const { return run_.wait_for(most); }
  [[nodiscard]] outcome report() const { return in_words(run_.report()); }

  /// Until it has ended; a failure is told, not thrown.
  outcome wait() const {
    try {
      if constexpr (Bodies::coroutines) return in_words(home_->await(run_.async_wait()));
      return in_words(run_.wait());
    } catch (...) {
      auto words = report();
      words.error = std::current_exception();
      return words;
    }
  }

  [[nodiscard]] static outcome in_words(const penstock::report& r) {
    outcome words{.over = r.ended, .how = r.outcome, .error = r.first_failure, .adds_up = r.balanced()};
    for (const auto& s : r.stages) words.stages.push_back({s.name, s.in, s.emitted, s.done, s.failed, s.dropped});
    for (const auto& e : r.edges) {
      const auto to = std::ranges::find(words.stages, e.to, &stage_numbers::name);
      if (to != words.stages.end()) to->dropped_before += e.dropped;
    }
    return words;
  }

 private:
  penstock::run run_;
  loop* home_;
};

/// `cpu_workers` threads run plain bodies.
template <class Bodies>
class machine {
 public:
  explicit machine(std::size_t cpu_workers = 2) : runtime_({.cpu_workers = cpu_workers}) {}
  /// Throws `std::invalid_argument` for a job that cannot work.
  [[nodiscard]] running<Bodies> start(const job& what, parents above = {}) {
    return running<Bodies>(runtime_.start(what, {.stop = above.stop, .drain_within = above.drain_within}), &home_);
  }
  outcome run(const job& what, parents above = {}) { return start(what, above).wait(); }
  /// From the elements of a range, or from a callable that gives `std::optional`s; an empty one is the end.
  template <class From>
  [[nodiscard]] static auto from(From source) {
    return Bodies::from(std::move(source));
  }
  /// From the elements of two ranges, in no order between them.
  template <class T>
  [[nodiscard]] static auto from_both(std::vector<T> one, std::vector<T> other) {
    return first_of_a_line<Bodies, T>(
        penstock::merge({.name = "0"},  //
                        penstock::branch(penstock::producer({.name = "0a"}, std::move(one))),
                        penstock::branch(penstock::producer({.name = "0b"}, std::move(other)))));
  }
  /// From a queue, until it is closed.
  template <class T, class Wait>
  [[nodiscard]] static auto from(any_queue<T, Wait>& source) {
    return first_of_a_line<Bodies, T>(penstock::producer({.name = "0"}, source.native()));
  }

 private:
  loop home_{Bodies::coroutines ? 1U : 0U};
  penstock::runtime runtime_;
};

using thread_machine = machine<plain_bodies>;
using coroutine_machine = machine<coroutine_bodies>;

}  // namespace adapter
