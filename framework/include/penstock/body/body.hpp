// How a body is called, and which copy of it a worker uses.
//
// A body may take a trailing `context&`. A body whose call operator is const is shared by all workers and all runs; any
// other is copied for each worker and run; `per_worker` makes it afresh.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <penstock/body/context.hpp>
#include <penstock/body/per_worker.hpp>

namespace penstock::detail {

template <class Body, class... Args>
inline constexpr bool takes_plain = std::is_invocable_v<Body&, Args...>;
template <class Body, class... Args>
inline constexpr bool takes_context = !takes_plain<Body, Args...> && std::is_invocable_v<Body&, Args..., context&>;

/// True when `Body` can be called with `Args...`, with or without a context.
template <class Body, class... Args>
inline constexpr bool takes = takes_plain<Body, Args...> || takes_context<Body, Args...>;

template <class Body, class... Args>
decltype(auto) call(Body& body, context& c, Args&&... args) {
  if constexpr (takes_plain<Body, Args...>) {
    return std::invoke(body, std::forward<Args>(args)...);
  } else {
    return std::invoke(body, std::forward<Args>(args)..., c);
  }
}

template <class Body, class... Args>
using result_of = decltype(call(std::declval<Body&>(), std::declval<context&>(), std::declval<Args>()...));

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<boost::asio::awaitable<T, Executor>> = true;

template <class T>
struct awaited {
  using type = T;
};
template <class T, class Executor>
struct awaited<boost::asio::awaitable<T, Executor>> {
  using type = T;
};
template <class T>
using awaited_t = typename awaited<T>::type;

/// The declared body, and what a worker gets of it.
template <class Body>
struct worker_body {
  using type = Body;
};
template <class Factory>
struct worker_body<per_worker_body<Factory>> {
  using type = std::decay_t<std::invoke_result_t<const Factory&>>;
};
template <class Body>
using worker_body_t = typename worker_body<Body>::type;

/// The body as one worker uses it: shared, copied or made afresh. The declaration outlives it.
template <class Body, class... Args>
class body_of_worker {
 public:
  using callable = worker_body_t<Body>;
  static constexpr bool made = is_per_worker<Body>;
  static constexpr bool shared = !made && takes<const callable, Args...>;
  static_assert(
      made || shared || std::is_copy_constructible_v<Body>,
      "penstock: this body changes its own state and cannot be copied, so each run would need its own; make it "
      "with per_worker(factory), or make its call operator const");

  explicit body_of_worker(const Body& declared) : held_(make(declared)) {}

  decltype(auto) operator()(context& c, Args... args) { return call(get(), c, std::forward<Args>(args)...); }

  /// After the worker's last item.
  void finish(context& c) {
    if constexpr (made && finishing<callable>) get().finish(c);
  }

  /// False when two workers may use one object at a time.
  auto& get() noexcept {
    if constexpr (shared) {
      return *held_;
    } else {
      return held_;
    }
  }

 private:
  using held = std::conditional_t<shared, const callable*, callable>;

  static held make(const Body& declared) {
    if constexpr (made) {
      return declared.factory();
    } else if constexpr (shared) {
      return std::addressof(declared);
    } else {
      return declared;
    }
  }

  held held_;
};

}  // namespace penstock::detail
