// How a call of the adapter waits: in the calling thread, in a coroutine, or for a handler.
#pragma once

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

namespace adapter {

namespace asio = boost::asio;

using answer = penstock::state;           ///< ok empty full closed timed_out cancelled failed; all but ok: no effect
using when_full = penstock::overflow;     ///< block drop_oldest drop_newest fail
using counts = penstock::queue_snapshot;  ///< size capacity peak waiting_getters … put got dropped unfinished closed

/// How long a call may wait; the default is for ever.
struct limits {
  std::chrono::nanoseconds within = std::chrono::nanoseconds::max();
  penstock::stop_token stop = {};  ///< a `std::stop_token` fits
  [[nodiscard]] penstock::wait_limits given() const {
    return penstock::stopped_by(stop, penstock::after(penstock::clock::now(), within));
  }
};

/// An item, or why there is none.
template <class T>
struct taken {
  answer how = answer::empty;
  std::optional<T> item = {};
  std::exception_ptr error = {};  ///< what the queue was closed with
  taken() = default;
  taken(penstock::got<T>&& got) : how(got.state()), error(got.cause()) {  // NOLINT(google-explicit-constructor)
    if (how == answer::ok) item.emplace(*std::move(got));
  }
  explicit operator bool() const noexcept { return how == answer::ok; }
  T& operator*() { return item.value(); }
};

/// What became of a put, a batch or a join.
struct moved {
  answer how = answer::ok;
  std::size_t count = 0;  ///< items that changed hands, always a prefix
  moved() = default;
  moved(answer a, std::size_t n) : how(a), count(n) {}
  moved(const penstock::put_result& r) : moved(r.state, r.accepted) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const noexcept { return how == answer::ok; }
};

/// An `io_context` with threads of its own. Its destructor waits for what was begun on it.
class loop {
 public:
  explicit loop(std::size_t threads = 1) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~loop() {
    work_.reset();
    for (auto& t : threads_) t.join();
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  asio::io_context& io() noexcept { return io_; }
  /// Runs a coroutine there; the calling thread waits.
  template <class R>
  R await(asio::awaitable<R> what) {
    return settled(asio::co_spawn(io_, std::move(what), asio::use_future));
  }
  /// An answer that comes from there, once whoever gave it has cleared away what he used for it. For one thread.
  template <class R>
  R settled(std::future<R> answer_to_come) {
    answer_to_come.wait();
    asio::post(io_, asio::use_future).get();
    return answer_to_come.get();
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::thread> threads_;
};

/// Batches where there are only single calls: not one operation, and no place in line is kept.
template <class Single>
struct one_by_one {
  template <class T>
  moved put_all(penstock::queue<T>& q, std::span<T> items, const penstock::wait_limits& most) {
    moved all;
    for (T& item : items) {
      const moved one = self().put(q, item, most);
      all.how = one.how;
      if (!one) break;
      ++all.count;
    }
    return all;
  }
  template <class T>
  moved get_some(penstock::queue<T>& q, std::vector<T>& to, std::size_t most_items, const penstock::wait_limits& most) {
    if (most_items == 0) return {};
    taken<T> first = self().get(q, most);
    if (!first) return {first.how, 0};
    to.push_back(std::move(*first));
    return {answer::ok, 1 + q.try_get_n(to, most_items - 1).accepted};
  }

 private:
  Single& self() noexcept { return static_cast<Single&>(*this); }
};

struct by_thread {
  template <class T>
  moved put(penstock::queue<T>& q, T& item, const penstock::wait_limits& most) {
    return q.put(std::move(item), most);
  }
  template <class T>
  taken<T> get(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return q.get(most);
  }
  template <class T>
  moved join(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return q.join(most);
  }
  template <class T>
  moved put_all(penstock::queue<T>& q, std::span<T> items, const penstock::wait_limits& most) {
    return q.put_n(items, most);
  }
  template <class T>
  moved get_some(penstock::queue<T>& q, std::vector<T>& to, std::size_t most_items, const penstock::wait_limits& most) {
    return q.get_n(to, most_items, most);
  }
};

class by_coroutine : public one_by_one<by_coroutine> {
 public:
  template <class T>
  static asio::awaitable<moved> async_put(penstock::queue<T>& q, T& item, penstock::wait_limits most) {
    try {
      co_await q.async_put(std::move(item), most);
    } catch (const penstock::error& refused) {
      co_return moved(word(refused), 0);
    }
    co_return moved(answer::ok, 1);
  }
  template <class T>
  static asio::awaitable<taken<T>> async_get(penstock::queue<T>& q, penstock::wait_limits most) {
    auto got = co_await q.async_get(most);
    co_return taken<T>(std::move(got));
  }
  template <class T>
  static asio::awaitable<moved> async_join(penstock::queue<T>& q, penstock::wait_limits most) {
    try {
      co_await q.async_join(most);
    } catch (const penstock::error& refused) {
      co_return moved(word(refused), 0);
    }
    co_return moved();
  }

  template <class T>
  moved put(penstock::queue<T>& q, T& item, const penstock::wait_limits& most) {
    return begin()->await(async_put(q, item, most));
  }
  template <class T>
  taken<T> get(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return begin()->await(async_get(q, most));
  }
  template <class T>
  moved join(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return begin()->await(async_join(q, most));
  }

 private:
  /// The queue may be destroyed while a call waits in it; the call keeps the loop that it needs to come back.
  [[nodiscard]] std::shared_ptr<loop> begin() const { return home_; }

  static answer word(const penstock::error& refused) {
    switch (static_cast<penstock::errc>(refused.code().value())) {
      case penstock::errc::closed: return answer::closed;
      case penstock::errc::timed_out: return answer::timed_out;
      case penstock::errc::full: return answer::full;
      default: return answer::cancelled;
    }
  }

  std::shared_ptr<loop> home_ = std::make_shared<loop>();
};

class by_handler : public one_by_one<by_handler> {
 public:
  template <class T>
  moved put(penstock::queue<T>& q, T& item, const penstock::wait_limits& most) {
    auto outcome =
        told<penstock::put_outcome<T>>([&](auto then) { q.async_put(std::move(item), most, std::move(then)); });
    if (outcome.item) {
      std::destroy_at(&item);
      std::construct_at(&item, *std::move(outcome.item));
    }
    return outcome;
  }
  template <class T>
  taken<T> get(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return told<penstock::got<T>>([&](auto then) { q.async_get(most, std::move(then)); });
  }
  template <class T>
  moved join(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return told<penstock::put_result>([&](auto then) { q.async_join(most, std::move(then)); });
  }

 private:
  /// Keeps a promise on the loop: the call goes on there, whoever answered it.
  template <class Answer>
  struct handler {
    using executor_type = asio::io_context::executor_type;
    [[nodiscard]] executor_type get_executor() const noexcept { return executor; }
    void operator()(Answer given) { promise.set_value(std::move(given)); }

    executor_type executor;
    std::promise<Answer> promise = {};
  };

  template <class Answer, class Begin>
  Answer told(Begin begin) {
    const auto home = home_;  // as above
    handler<Answer> mine{home->io().get_executor()};
    auto later = mine.promise.get_future();
    begin(std::move(mine));
    return home->settled(std::move(later));
  }

  std::shared_ptr<loop> home_ = std::make_shared<loop>();
};

/// One call this way, the next another.
class in_turn {
 public:
  template <class T>
  moved put(penstock::queue<T>& q, T& item, const penstock::wait_limits& most) {
    return next([&](auto& way) { return way.put(q, item, most); });
  }
  template <class T>
  taken<T> get(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return next([&](auto& way) { return way.get(q, most); });
  }
  template <class T>
  moved join(penstock::queue<T>& q, const penstock::wait_limits& most) {
    return next([&](auto& way) { return way.join(q, most); });
  }
  template <class T>
  moved put_all(penstock::queue<T>& q, std::span<T> items, const penstock::wait_limits& most) {
    return next([&](auto& way) { return way.put_all(q, items, most); });
  }
  template <class T>
  moved get_some(penstock::queue<T>& q, std::vector<T>& to, std::size_t most_items, const penstock::wait_limits& most) {
    return next([&](auto& way) { return way.get_some(q, to, most_items, most); });
  }

 private:
  template <class Call>
  auto next(Call call) {
    switch (turn_++ % 3) {
      case 0: return call(thread_);
      case 1: return call(coroutine_);
      default: return call(handler_);
    }
  }

  std::atomic<unsigned> turn_{0};
  by_thread thread_;
  by_coroutine coroutine_;
  by_handler handler_;
};

}  // namespace adapter
