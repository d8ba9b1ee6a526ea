// Where a pipeline's line divides, and where several come together: tee, route, merge, each with a list of branches.
//
// A branch is a list of stages without a name. Open at its end, it flows back into the main line; closed by a consumer,
// it ends there. Nothing else joins lines, so a pipeline has no cycle and no other diamond.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/body/body.hpp>
#include <penstock/core/queue_rules.hpp>
#include <penstock/flow/join_stage.hpp>
#include <penstock/flow/route_stage.hpp>
#include <penstock/flow/tee_stage.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct branch_options {
  /// Of a branch of a tee: what becomes of a copy that finds no room on the edge to the branch. `block`: it waits, and
  /// with it every other branch. `drop_newest`: it is dropped, and counted on that edge. `fail`: the run fails with
  /// `errc::full`. There is no `drop_oldest`: what is on an edge belongs to whoever takes from it.
  penstock::overflow overflow = penstock::overflow::block;
};

struct tee_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, and of each edge on which an open branch
                                            ///< comes back, in items
};

struct route_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, and of each edge on which an open branch
                                            ///< comes back, in items
  error_policy on_error = fail_fast;        ///< when the body throws, or says a branch that is not there
};

struct merge_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t capacity = default_capacity;  ///< of the edge from each branch, in items
};

namespace detail {

template <class T>
concept stage = requires {
  { T::is_producer } -> std::convertible_to<bool>;
  { T::is_consumer } -> std::convertible_to<bool>;
};

template <class... Stages>
struct branch_list {
  /// Whether items come out at its end.
  static constexpr bool is_open = !(false || ... || Stages::is_consumer);

  branch_options options;
  std::tuple<Stages...> stages;
};

template <class T>
inline constexpr bool is_branch = false;
template <class... Stages>
inline constexpr bool is_branch<branch_list<Stages...>> = true;

template <class... Stages>
auto make_branch(branch_options options, Stages... stages) {
  static_assert((true && ... && stage<Stages>),
                "penstock: something in this branch is no stage: stages are made by transform, filter, batch, consumer "
                "and their like");
  return branch_list<Stages...>{options, {std::move(stages)...}};
}

/// A tee or a route; `Kind` says which.
template <class Kind, class... Branches>
struct fork {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = !(false || ... || Branches::is_open);

  stage_description about;
  Kind kind;
  std::tuple<Branches...> branches;

  template <class In>
  static constexpr bool accepts = Kind::template accepts<In>;

  template <class In>
  static constexpr bool check() {
    return Kind::template check<In, sizeof...(Branches)>();
  }

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::move(kind).template maker<In, Receipt>(about);
  }
};

template <class T>
inline constexpr bool is_fork = false;
template <class Kind, class... Branches>
inline constexpr bool is_fork<fork<Kind, Branches...>> = true;

template <class... Branches>
struct merged {
  static constexpr bool is_producer = true;
  static constexpr bool is_consumer = false;

  stage_description about;
  std::tuple<Branches...> branches;
};

template <class T>
inline constexpr bool is_merge = false;
template <class... Branches>
inline constexpr bool is_merge<merged<Branches...>> = true;

struct copying {
  template <class In>
  static constexpr bool accepts = true;

  template <class In, std::size_t>
  static constexpr bool check() {
    static_assert(std::is_copy_constructible_v<In>,
                  "penstock: a tee copies its items, and this type cannot be copied; give a std::shared_ptr to it");
    return std::is_copy_constructible_v<In>;
  }

  template <class In, class Receipt>
  class tee_maker final : public flow::stage_maker {
   public:
    explicit tee_maker(std::vector<overflow> policies) : policies_(std::move(policies)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      add_worker<flow::tee_stage<In, Receipt>>(stage, around.cpu(), around.services(), stage.state, policies_);
    }

   private:
    std::vector<overflow> policies_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker(const stage_description& about) && {
    return std::make_shared<tee_maker<In, Receipt>>(about.branches);
  }
};

template <class Body>
struct routing {
  Body body;

  template <class In>
  static constexpr bool accepts = takes<worker_body_t<Body>, const In&>;

  template <class In, std::size_t Branches>
  static constexpr bool check() {
    static_assert(!is_wrapped<Body>,
                  "penstock: the body of a route only looks at its item, so it cannot be under retry, dead_letter or "
                  "limited; put a transform with them before the route");
    using key = std::decay_t<result_of<worker_body_t<Body>, const In&>>;
    static_assert(std::is_integral_v<key> || std::is_enum_v<key>,
                  "penstock: the body of a route says which branch: by its index, by an enum whose values are indices, "
                  "or by a bool (true is the first)");
    static_assert(!std::is_same_v<key, bool> || Branches == 2,
                  "penstock: a route whose body returns a bool has two branches, the first for true, the second for "
                  "false");
    return !is_wrapped<Body> && (std::is_integral_v<key> || std::is_enum_v<key>) &&
           (!std::is_same_v<key, bool> || Branches == 2);
  }

  template <class In, class Receipt>
  class route_maker final : public flow::stage_maker {
   public:
    explicit route_maker(Body body) : body_(std::move(body)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      using choice = flow::choosing<Body, In>;
      add_worker<flow::route_stage<In, Receipt, choice>>(stage, around.cpu(), around.services(), stage.state,
                                                         choice(body_));
    }

   private:
    Body body_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker(const stage_description&) && {
    return std::make_shared<route_maker<In, Receipt>>(std::move(body));
  }
};

/// Where open branches of items of one type come together; some of them may carry receipts, and then what follows does.
template <class Item, class Receipt>
class join_maker final : public flow::stage_maker {
 public:
  explicit join_maker(std::vector<bool> tracked) : tracked_(std::move(tracked)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    return std::make_unique<flow::edge<flow::cell<Item, Receipt>>>(capacity);
  }
  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input_of(std::size_t which, std::size_t capacity) const override {
    if (tracked_[which]) return make_input(capacity);
    return std::make_unique<flow::edge<Item>>(capacity);
  }
  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    add_worker<flow::join_stage<Item, Receipt>>(stage, around.cpu(), around.services(), stage.state, tracked_);
  }

 private:
  std::vector<bool> tracked_;
};

template <class... Branches>
stage_description describe_branching(std::string name, const char* kind, std::size_t capacity,
                                     const Branches&... branches) {
  stage_description about;
  about.name = std::move(name);
  about.kind = kind;
  about.capacity = capacity;
  about.branches = {branches.options.overflow...};
  return about;
}

}  // namespace detail

/// The stages of a branch; none: what comes in goes out. Only inside tee, route and merge.
template <class... Stages>
[[nodiscard]] auto branch(Stages... stages) {
  return detail::make_branch({}, std::move(stages)...);
}
template <class... Stages>
[[nodiscard]] auto branch(branch_options options, Stages... stages) {
  return detail::make_branch(options, std::move(stages)...);
}

/// Copies each item to every branch; the last gets the item itself. A branch whose reader leaves early gets no more
/// copies, and the others go on. The open branches flow into what comes next, in no order between them; if all are
/// closed, the tee is the end of its line.
template <class... Branches>
[[nodiscard]] auto tee(tee_options options, Branches... branches) {
  constexpr bool fits = sizeof...(Branches) > 0 && (true && ... && detail::is_branch<Branches>);
  static_assert(fits, "penstock: a tee is given branches, one at least: tee({…}, branch(…), branch(…))");
  if constexpr (fits) {
    auto about = detail::describe_branching(std::move(options.name), "tee", options.capacity, branches...);
    return detail::fork<detail::copying, Branches...>{std::move(about), {}, {std::move(branches)...}};
  }
}

/// Moves each item to the branch that `body(const In&)` says: by an index from 0, an enum whose values are indices, or
/// a bool: true is the first branch, false the second. An index out of range is a failure of the item
/// (`std::out_of_range`). While the item's branch has no room, those after it wait. Items for a branch whose reader
/// has left early count as dropped on its edge.
template <class Body, class... Branches>
[[nodiscard]] auto route(route_options options, Body&& body, Branches... branches) {
  constexpr bool fits = sizeof...(Branches) > 0 && (true && ... && detail::is_branch<Branches>);
  static_assert(fits, "penstock: a route is given a body and branches, one at least: route({…}, which, branch(…), …)");
  if constexpr (fits) {
    auto about = detail::describe_branching(std::move(options.name), "route", options.capacity, branches...);
    about.on_error = options.on_error;
    using kind = detail::routing<std::decay_t<Body>>;
    return detail::fork<kind, Branches...>{std::move(about), kind{std::forward<Body>(body)}, {std::move(branches)...}};
  }
}

/// The beginning of a pipeline, or of a branch of another merge: takes in turn from branches that begin with a producer
/// each, at most 16 items from one while another has some. Ends when all have ended.
template <class... Branches>
[[nodiscard]] auto merge(merge_options options, Branches... branches) {
  constexpr bool fits = sizeof...(Branches) > 0 && (true && ... && detail::is_branch<Branches>);
  static_assert(fits, "penstock: a merge is given branches, one at least: merge({…}, branch(producer(…)), …)");
  if constexpr (fits) {
    auto about = detail::describe_branching(std::move(options.name), "merge", options.capacity, branches...);
    return detail::merged<Branches...>{std::move(about), {std::move(branches)...}};
  }
}

}  // namespace penstock
