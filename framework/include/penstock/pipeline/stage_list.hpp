// From the typed list of a declaration to a plan: checks that neighbours fit, and adds each stage with its edges.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <penstock/pipeline/plan.hpp>
#include <penstock/stages/branches.hpp>
#include <penstock/stages/sequence.hpp>

namespace penstock::detail {

[[nodiscard]] std::string readable_name(const std::type_info& type);

// Where a list stands; to be read in a compiler's message.

/// The list of the pipeline itself.
struct main_line {};

/// The list of a branch, counted from 0, of the stage at `Position` of `List`.
template <std::size_t Branch, std::size_t Position, class List>
struct in_branch {};

/// Looked at in a compiler's message, its arguments tell which stage is meant (counted from 0, in its list), and what
/// it is given.
template <std::size_t Position, class Stage, class Given, class List>
struct stage_takes_its_input {
  static_assert(
      Stage::template accepts<Given>,
      "penstock: the body of the stage at this position cannot be called with what the stage before it emits; "
      "see Position, Stage, Given and List of stage_takes_its_input");
  static constexpr bool value = Stage::template accepts<Given>;
};

/// The same for what may lie on an edge.
template <std::size_t Position, class Item, class List>
struct stage_emits_an_item {
  static_assert(
      std::is_nothrow_move_constructible_v<Item> && std::is_nothrow_destructible_v<Item>,
      "penstock: an item of a pipeline must be nothrow move constructible and nothrow destructible, or it could "
      "be lost on its way; see Position, Item and List of stage_emits_an_item");
  static constexpr bool value = std::is_nothrow_move_constructible_v<Item> && std::is_nothrow_destructible_v<Item>;
};

/// The same for the ends of branches.
template <std::size_t Position, class List, class First, class... Others>
struct open_branches_emit_one_type {
  static constexpr bool value = (true && ... && std::same_as<First, Others>);
  static_assert(value,
                "penstock: the open branches of a stage must all emit the same type, which the next stage is given; "
                "see Position, List and the types of open_branches_emit_one_type");
};

template <std::size_t Position, std::size_t Branch, class List, class... Stages>
struct branch_begins_with_a_producer {
  static constexpr bool value = false;
  static_assert(sizeof...(Stages) > 0,
                "penstock: a branch of a merge begins with a producer; this one is empty, "
                "see Branch of branch_begins_with_a_producer");
};
template <std::size_t Position, std::size_t Branch, class List, class First, class... Rest>
struct branch_begins_with_a_producer<Position, Branch, List, First, Rest...> {
  static constexpr bool value = First::is_producer && branch_list<First, Rest...>::is_open;
  static_assert(First::is_producer,
                "penstock: a branch of a merge begins with a producer; see Branch and First of "
                "branch_begins_with_a_producer");
  static_assert(branch_list<First, Rest...>::is_open,
                "penstock: a branch of a merge is open at its end, so that there is something to merge; see Branch of "
                "branch_begins_with_a_producer");
};

// What a list comes to.

/// Something comes out of its last stage: items of this type, with receipts or without.
template <class Item, class Receipt>
struct open_end {
  using item = Item;
  using receipt = Receipt;
  planned_input from;
};

/// It ends with a consumer.
struct closed_end {};

/// The compiler has said what is wrong.
struct mistaken {};

template <class End>
inline constexpr bool is_open_end = false;
template <class Item, class Receipt>
inline constexpr bool is_open_end<open_end<Item, Receipt>> = true;

/// A stage with one input that emits `Next`; void: nothing.
template <class Next, class Given, class Receipt, class Stage>
planned_input add_stage(plan& p, planned_input from, Stage stage) {
  auto about = stage.about;
  if constexpr (!std::is_void_v<Next>) about.item_type = readable_name(typeid(Next));
  p.stages.push_back({std::move(about), std::move(stage).template maker<Given, Receipt>(), {from}});
  return {p.stages.size() - 1};
}

// Branches that come together.

template <class End>
auto if_open(End end) {
  if constexpr (is_open_end<End>) {
    return std::tuple<End>(end);
  } else {
    return std::tuple<>();
  }
}

template <class... Receipts>
inline constexpr bool any_tracked = (false || ... || std::is_same_v<Receipts, flow::receipt>);

/// A stage where the ends come together; they are open, and there is one at least.
template <std::size_t Position, class List, class First, class... Others>
auto add_join(plan& p, stage_description about, First first, Others... others) {
  if constexpr (open_branches_emit_one_type<Position, List, typename First::item, typename Others::item...>::value) {
    using item = typename First::item;
    constexpr bool receipts = any_tracked<typename First::receipt, typename Others::receipt...>;
    using receipt = std::conditional_t<receipts, flow::receipt, flow::no_receipt>;
    about.item_type = readable_name(typeid(item));
    const std::vector<bool> tracked{std::same_as<typename First::receipt, flow::receipt>,
                                    std::same_as<typename Others::receipt, flow::receipt>...};
    p.stages.push_back(
        {std::move(about), std::make_shared<join_maker<item, receipt>>(tracked), {first.from, others.from...}});
    return open_end<item, receipt>{{p.stages.size() - 1}};
  } else {
    return mistaken{};
  }
}

/// The branches of a tee or a route come to this.
template <std::size_t Position, class List, class... Ends>
auto join_ends(plan& p, const stage_description& fork, Ends... ends) {
  if constexpr ((false || ... || std::same_as<Ends, mistaken>)) {
    return mistaken{};
  } else {
    constexpr auto open = (std::size_t{0} + ... + (is_open_end<Ends> ? 1U : 0U));
    auto of_open = std::tuple_cat(if_open(ends)...);
    if constexpr (open == 0) {
      return closed_end{};
    } else if constexpr (open == 1) {
      return std::get<0>(of_open);  // nothing to join: its order is kept
    } else {
      stage_description about;
      about.name = fork.name + ", joined";
      about.kind = "join";
      about.capacity = fork.capacity;
      return std::apply([&](auto... end) { return add_join<Position, List>(p, std::move(about), end...); }, of_open);
    }
  }
}

// Lists. Each function adds what it is given to the plan, and returns what that comes to.

template <std::size_t Position, class List, class Item, class Receipt, class... Stages>
auto add_stages(plan& p, open_end<Item, Receipt> before, Stages... stages);

template <class List, class... Stages>
auto begin_list(plan& p, Stages... stages);

/// A branch of a tee or a route.
template <class List, class Item, class Receipt, class... Stages>
auto add_branch(plan& p, open_end<Item, Receipt> before, branch_list<Stages...> branch) {
  return std::apply([&](auto&... s) { return add_stages<0, List>(p, before, std::move(s)...); }, branch.stages);
}

/// A branch of a merge.
template <std::size_t Branch, std::size_t Position, class List, class... Stages>
auto begin_branch(plan& p, branch_list<Stages...> branch) {
  if constexpr (branch_begins_with_a_producer<Position, Branch, List, Stages...>::value) {
    return std::apply([&](auto&... s) { return begin_list<in_branch<Branch, Position, List>>(p, std::move(s)...); },
                      branch.stages);
  } else {
    return mistaken{};
  }
}

template <std::size_t Position, class List, class Item, class Receipt, class Kind, class... Branches>
auto add_fork(plan& p, open_end<Item, Receipt> before, fork<Kind, Branches...> node) {
  const auto about = node.about;
  auto branches = std::move(node.branches);
  const auto at = add_stage<Item, Item, Receipt>(p, before.from, std::move(node)).stage;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    // In braces, so that the branches are added in their order.
    const std::tuple ends{add_branch<in_branch<I, Position, List>>(p, open_end<Item, Receipt>{{at, I}},
                                                                   std::move(std::get<I>(branches)))...};
    return std::apply([&](auto... end) { return join_ends<Position, List>(p, about, end...); }, ends);
  }(std::index_sequence_for<Branches...>());
}

template <class List, class... Branches>
auto add_merge(plan& p, merged<Branches...> node) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const std::tuple ends{begin_branch<I, 0, List>(p, std::move(std::get<I>(node.branches)))...};
    return std::apply(
        [&](auto... end) {
          if constexpr ((false || ... || std::same_as<decltype(end), mistaken>)) {
            return mistaken{};
          } else {
            return add_join<0, List>(p, std::move(node.about), end...);
          }
        },
        ends);
  }(std::index_sequence_for<Branches...>());
}

/// The stages after one that has been added.
template <std::size_t Position, class List, class End, class... Rest>
auto go_on(plan& p, End end, Rest... rest) {
  if constexpr (is_open_end<End> && sizeof...(Rest) > 0) {
    return add_stages<Position, List>(p, end, std::move(rest)...);
  } else {
    return end;
  }
}

template <std::size_t Position, class List, class Item, class Receipt, class Stage, class... Rest>
auto add_first_of(plan& p, open_end<Item, Receipt> before, Stage stage, Rest... rest) {
  static_assert(!Stage::is_producer,
                "penstock: only the first stage of a pipeline is a producer (or a merge), and of a branch of a merge");
  constexpr bool last = sizeof...(Rest) == 0;
  static_assert(!last || Stage::is_consumer || !std::same_as<List, main_line>,
                "penstock: the last stage of a pipeline is a consumer");
  static_assert(last || !Stage::is_consumer, "penstock: nothing comes after a consumer");
  // Two branches, for the second must not be looked at where the first holds.
  // NOLINTNEXTLINE(bugprone-branch-clone)
  if constexpr (Stage::is_producer || !stage_takes_its_input<Position, Stage, Item, List>::value) {
    return mistaken{};
  } else if constexpr (!Stage::template check<Item>()) {  // evaluated here, so that our sentence comes first
    return mistaken{};
  } else if constexpr (is_fork<Stage>) {
    auto end = add_fork<Position, List>(p, before, std::move(stage));
    return go_on<Position + 1, List>(p, end, std::move(rest)...);
  } else if constexpr (Stage::is_consumer) {
    add_stage<void, Item, Receipt>(p, before.from, std::move(stage));
    return closed_end{};
  } else {
    using next = typename Stage::template output<Item>;
    static_assert(stage_emits_an_item<Position, next, List>::value);
    open_end<next, Receipt> end{before.from};
    if constexpr (is_sequence<Stage>) {
      for (auto& one : stage.stages) end.from = add_stage<next, Item, Receipt>(p, end.from, std::move(one));
    } else {
      end.from = add_stage<next, Item, Receipt>(p, end.from, std::move(stage));
    }
    return go_on<Position + 1, List>(p, end, std::move(rest)...);
  }
}

template <std::size_t Position, class List, class Item, class Receipt, class... Stages>
auto add_stages(plan& p, open_end<Item, Receipt> before, Stages... stages) {
  if constexpr (sizeof...(Stages) == 0) {
    return before;
  } else {
    return add_first_of<Position, List>(p, before, std::move(stages)...);
  }
}

template <class List, class Source, class... Rest>
auto begin_with(plan& p, Source source, Rest... rest) {
  if constexpr (is_merge<Source>) {
    return go_on<1, List>(p, add_merge<List>(p, std::move(source)), std::move(rest)...);
  } else {
    using item = typename Source::item;
    static_assert(stage_emits_an_item<0, item, List>::value);
    auto about = source.about;
    about.item_type = readable_name(typeid(item));
    p.stages.push_back({std::move(about), std::move(source).maker(), {}});
    const open_end<item, typename Source::receipt_type> end{{p.stages.size() - 1}};
    return go_on<1, List>(p, end, std::move(rest)...);
  }
}

template <class List, class... Stages>
auto begin_list(plan& p, Stages... stages) {
  return begin_with<List>(p, std::move(stages)...);
}

template <class Source, class... Rest>
plan make_plan(std::string name, Source source, Rest... rest) {
  static_assert((stage<Source> && ... && stage<Rest>),
                "penstock: something in this list is no stage: stages are made by producer, transform, filter, batch, "
                "consumer and their like");
  static_assert(Source::is_producer, "penstock: the first stage of a pipeline is a producer");
  static_assert(sizeof...(Rest) > 0, "penstock: a pipeline has a producer and a consumer, at least");
  plan p;
  p.name = std::move(name);
  if constexpr (Source::is_producer && sizeof...(Rest) > 0) {
    begin_with<main_line>(p, std::move(source), std::move(rest)...);
  }
  return p;
}

}  // namespace penstock::detail
