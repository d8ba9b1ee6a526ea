// penstock: a queue that is cancelled, a stop token that its waits were given, and a run whose bodies wait.
#include <penstock/penstock.hpp>

#include <optional>

#include "storm/storm.hpp"

namespace {

using namespace bench;
using namespace bench::storm;

enum class end : std::uint8_t { queue, token };

/// What threads and coroutines wait at.
template <end By>
class queue_line {
 public:
  queue_line() = default;
  queue_line(asio::io_context& /*io*/, std::uint64_t /*waiters*/) {}

  bool wait_here() { return queue_.get(limits()).state() == penstock::state::cancelled; }
  asio::awaitable<bool> wait_there() {
    auto until = limits();
    const auto got = co_await queue_.async_get(std::move(until));
    co_return got.state() == penstock::state::cancelled;
  }
  void wait_for_waiters(std::uint64_t n) {
    while (queue_.snapshot().waiting_getters != n) std::this_thread::yield();
  }
  void cancel() {
    if constexpr (By == end::queue)
      queue_.cancel();
    else
      stop_.request_stop();
  }

 private:
  penstock::wait_limits limits() {
    if constexpr (By == end::token) return penstock::stopped_by(stop_.get_token());
    return {};
  }

  penstock::queue<std::uint64_t> queue_{16};
  std::stop_source stop_;
};

template <end By>
struct for_threads : queue_line<By> {
  bool wait(std::uint64_t /*waiter*/) { return this->wait_here(); }
};

template <end By>
struct for_coroutines : queue_line<By> {
  using queue_line<By>::queue_line;
  asio::awaitable<bool> wait(std::uint64_t /*waiter*/) { return this->wait_there(); }
  static asio::detached_t token(std::uint64_t /*waiter*/) { return asio::detached; }
};

/// A stage with a body per waiter.
class waiting_run {
 public:
  explicit waiting_run(std::uint64_t n)
      : n_(n),
        all_(n),
        run_(machine_.start(
            penstock::pipeline{"storm",
                               penstock::producer({.name = "number"},
                                                  [i = std::uint64_t{0}, n]() mutable -> std::optional<std::uint64_t> {
                                                    if (i == n) return std::nullopt;
                                                    return i++;
                                                  }),
                               penstock::async_consumer({.name = "wait", .workers = n},
                                                        [this](std::uint64_t waiter) { return one(waiter); })})) {
    all_wait_.wait();
  }
  void cancel() { run_.cancel(); }
  answer wait() {
    const auto ended = run_.wait();
    return ended.balanced() ? all_.wait() : answer();
  }

 private:
  asio::awaitable<void> one(std::uint64_t waiter) {
    if (++waiting_ == n_) all_wait_.count_down();
    const bool cancelled = co_await wait_an_hour();
    all_.returned(waiter, cancelled);
  }

  std::uint64_t n_;
  std::uint64_t waiting_ = 0;  // bodies of a stage never run two at a time
  std::latch all_wait_{1};
  roll_call all_;
  penstock::runtime machine_{{.cpu_workers = 1}};
  penstock::run run_;
};

}  // namespace

int main(int argc, char** argv) {
  add_threads<for_threads<end::queue>>("queue");
  add_threads<for_threads<end::token>>("token");
  add_coroutines<for_coroutines<end::queue>>("queue");
  add_coroutines<for_coroutines<end::token>>("token");
  add_timers<waiting_run>();
  return run_cases(argc, argv);
}
