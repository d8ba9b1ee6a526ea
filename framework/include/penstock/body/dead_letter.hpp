// A body whose failed items go into a queue of the user's.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/body/wrapping.hpp>
#include <penstock/sync/queue.hpp>

namespace penstock {

/// An item that failed, and what is known about it.
template <class T>
struct dead {
  T item;                    ///< as the last attempt left it
  std::exception_ptr error;  ///< what the last attempt threw
  std::string stage;
  unsigned attempts = 1;
  std::uint64_t number = 0;  ///< of the item in its stage, from 0
};

/// A body with the queue for what it cannot do. See `dead_letter`.
template <class T, class Body>
struct dead_letter_body {
  std::shared_ptr<detail::queue_state<dead<T>>> letters;
  Body body;
};

/// `body`, and where an item goes for which it throws (under `retry`: throws for the last time). The item counts as
/// failed, its error is in the report, and the stage goes on, whatever its `on_error` says. The body is called with an
/// lvalue. What the range of a `flat_map` throws while it is iterated goes into no queue, since the item is gone by
/// then: the stage's `on_error` decides.
///
/// A full queue pushes back: the worker waits in the queue's line, with the letter, without a thread. A cancel ends
/// that wait. A letter that the queue does not take, because it is closed, cancelled or destroyed, drops or refuses
/// what does not fit, or because the run is cancelled, is counted as `letters_lost`, and the stage goes on. The queue
/// is not closed by the run: others may write to it too. To make a stage of it, give it to a `producer` of another
/// pipeline.
template <class T, class Body>
[[nodiscard]] dead_letter_body<T, std::decay_t<Body>> dead_letter(queue<dead<T>>& letters, Body&& body) {
  return {detail::queue_access::state(letters), std::forward<Body>(body)};
}

/// A queue of something else: only says what is wrong with it.
template <class T, class Body>
auto dead_letter(queue<T>&, Body&&) {
  static_assert(std::is_void_v<T>,
                "penstock: a dead letter is the item and its error, so the queue of a dead_letter "
                "must be a penstock::queue<penstock::dead<item>>");
}

namespace detail {

template <class T, class Body>
struct wrapping<dead_letter_body<T, Body>> : wrapping<Body> {
  static_assert(!buries<Body>, "penstock: this body has two dead_letter queues; an item can go into one");
  using buried = T;
  using letters = std::shared_ptr<queue_state<dead<T>>>;

  static constexpr decltype(auto) inside(const dead_letter_body<T, Body>& declared) noexcept {
    return wrapping<Body>::inside(declared.body);
  }
  template <class Policies>
  static void fill(Policies& policies, const dead_letter_body<T, Body>& declared) {
    policies.letters = declared.letters;
    wrapping<Body>::fill(policies, declared.body);
  }
};

template <class T, class Body>
struct worker_body<dead_letter_body<T, Body>> : worker_body<Body> {};

}  // namespace detail
}  // namespace penstock
