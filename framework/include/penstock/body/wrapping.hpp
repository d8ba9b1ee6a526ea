// What the wrappers around a body (`retry`, `dead_letter`, `limited`) ask of its stage. Each wrapper adds its part in
// its own file; however they are nested, the stage sees the body that is inside and one set of policies.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include <penstock/body/body.hpp>
#include <penstock/core/retry_rules.hpp>

namespace penstock::detail {

class limit_state;

/// A body without wrappers.
template <class Body>
struct wrapping {
  using bare = Body;  ///< a callable, or `per_worker`
  static constexpr bool retries = false;
  static constexpr bool limits = false;
  using buried = void;  ///< the items of its dead letters; void: it has none
  using letters = std::nullptr_t;

  // Declared bodies outlive whoever asks.
  static constexpr const Body& inside(const Body& declared) noexcept {
    return declared;  // NOLINT(bugprone-return-const-ref-from-parameter)
  }
  template <class Policies>
  static void fill(Policies&, const Body&) {}
};

template <class Body>
using bare_body_t = typename wrapping<Body>::bare;

template <class Body>
inline constexpr bool buries = !std::is_void_v<typename wrapping<Body>::buried>;

/// The item is needed again, or may be, when the body has thrown.
template <class Body>
inline constexpr bool keeps_item = wrapping<Body>::retries || buries<Body>;

template <class Body>
inline constexpr bool is_wrapped = keeps_item<Body> || wrapping<Body>::limits;

/// What the bare body is called with, where the stage is given `In`.
template <class Body, class In>
using argument_t = std::conditional_t<keeps_item<Body>, std::add_lvalue_reference_t<In>, In>;

/// What the body returns for an `In`.
template <class Body, class In>
using item_result_t = std::decay_t<result_of<worker_body_t<Body>, argument_t<Body, In>>>;

/// The body, as one worker calls it for an `In`.
template <class Body, class In>
using item_body_t = body_of_worker<bare_body_t<Body>, argument_t<Body, In>>;

/// Whether a stage with this body can be given an `In`; wrappers that do not fit say why in a sentence of their own.
template <class Body, class In>
constexpr bool takes_item() {
  constexpr bool fits = takes<worker_body_t<Body>, argument_t<Body, In>>;
  static_assert(fits || !keeps_item<Body> || !takes<worker_body_t<Body>, In>,
                "penstock: under retry and dead_letter the body is called with an lvalue, since the item may be needed "
                "again; this one takes it by value or as an rvalue, and that cannot be done: take it by reference");
  constexpr bool buried = !buries<Body> || std::is_same_v<typename wrapping<Body>::buried, std::remove_cvref_t<In>>;
  static_assert(buried,
                "penstock: the queue of a dead_letter must hold penstock::dead of what the stage is given; this "
                "one holds dead of something else");
  return fits && buried;
}

/// What the wrappers ask for, for the stage's workers.
template <class Body>
struct policies_of {
  static constexpr bool keeps = keeps_item<Body>;
  static constexpr bool limits = wrapping<Body>::limits;
  static constexpr bool buries = detail::buries<Body>;
  using letters_type = typename wrapping<Body>::letters;

  explicit policies_of(const Body& declared) { wrapping<Body>::fill(*this, declared); }

  retry_rules retry;
  letters_type letters = nullptr;
  std::shared_ptr<limit_state> limit;
};

/// None.
struct no_policies {
  static constexpr bool keeps = false;
  static constexpr bool limits = false;
  static constexpr bool buries = false;
  template <class Body>
  explicit constexpr no_policies(const Body&) noexcept {}
};

template <class Body>
using policies_t = std::conditional_t<is_wrapped<Body>, policies_of<Body>, no_policies>;

}  // namespace penstock::detail
