// Lets a coroutine of `asio::awaitable` sleep until it is resumed by hand, on its own strand, inside the call.
//
// Only for coroutines and callers on one strand. Nothing is allocated: the continuation lives inside.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

namespace penstock::flow {

class resumer {
 public:
  resumer() = default;
  resumer(const resumer&) = delete;
  resumer& operator=(const resumer&) = delete;
  ~resumer() {
    if (drop_ != nullptr) drop_(room_, false);
  }

  /// To be awaited: sleeps until `resume`. As an `awaitable` it would have a frame of its own.
  auto sleep() {
    return boost::asio::async_initiate<const boost::asio::deferred_t&, void()>(
        [this](auto continuation) { keep(std::move(continuation)); }, boost::asio::deferred);
  }

  [[nodiscard]] bool sleeping() const noexcept { return drop_ != nullptr; }

  /// Runs the coroutine until it sleeps again or ends.
  void resume() { std::exchange(drop_, nullptr)(room_, true); }

 private:
  template <class Continuation>
  void keep(Continuation continuation) {
    static_assert(sizeof(Continuation) <= sizeof room_ && alignof(Continuation) <= alignof(std::max_align_t));
    ::new (static_cast<void*>(room_)) Continuation(std::move(continuation));
    drop_ = [](void* where, bool call) {
      auto* kept = std::launder(static_cast<Continuation*>(where));
      // Moved out first: the coroutine may sleep again before it returns here.
      Continuation last(std::move(*kept));
      kept->~Continuation();
      if (call) std::move(last)();
    };
  }

  void (*drop_)(void*, bool) = nullptr;
  alignas(std::max_align_t) std::byte room_[64];
};

}  // namespace penstock::flow
