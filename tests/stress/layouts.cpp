#include "stress/layouts.hpp"

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace penstock_tests::stress {
namespace {

using namespace penstock;

transform_options options_of(const stage_plan& s) {
  return {.name = s.name,
          .workers = s.workers,
          .capacity = s.capacity,
          .order = s.order,
          .window = s.window,
          .on = s.on,
          .on_error = s.on_error};
}

async_transform_options async_options_of(const stage_plan& s) {
  return {.name = s.name,
          .workers = s.workers,
          .capacity = s.capacity,
          .order = s.order,
          .window = s.window,
          .limit = s.limit,
          .on_error = s.on_error};
}

class line_maker {
 public:
  line_maker(scene& on_stage, queues_of_a_run& queues)
      : on_stage_(on_stage), queues_(queues), plan_(on_stage.plan), stage_(plan_.sources) {}

  pipeline make() {
    const auto& first = plan_.stages[0];
    const producer_options how{.name = first.name, .on = first.on, .on_error = first.on_error};
    switch (plan_.source) {
      case source_kind::range: {
        std::vector<token> all;
        for (std::uint64_t i = 0; i < plan_.items; ++i) all.emplace_back(i, i);
        return with_source(producer(how, std::move(all)));
      }
      case source_kind::callable: return with_source(producer(how, calling_body{&on_stage_}));
      case source_kind::queue: return with_source(producer(how, queues_.input));
      case source_kind::coroutine: break;
    }
    return with_source(
        async_producer({.name = first.name, .on_error = first.on_error}, async_calling_body{&on_stage_}));
  }

 private:
  template <work What>
  auto one(const stage_plan& s) {
    using enum work;
    const body at{&on_stage_, stage_};
    const retry_options again{.times = s.attempts - 1, .backoff = s.backoff, .most = 4 * s.backoff};
    if constexpr (What == transform) {
      return penstock::transform(options_of(s), map_body{at});
    } else if constexpr (What == filter) {
      return penstock::filter(options_of(s), filter_body{at});
    } else if constexpr (What == filter_map) {
      return penstock::filter_map(options_of(s), filter_map_body{at});
    } else if constexpr (What == flat_map) {
      return penstock::flat_map(options_of(s), flat_map_body{at});
    } else if constexpr (What == unbatch) {
      return penstock::flat_map(options_of(s), unbatch_body{at});
    } else if constexpr (What == async_transform) {
      return penstock::async_transform(async_options_of(s), async_map_body{at});
    } else if constexpr (What == retried) {
      return penstock::transform(options_of(s), retry(again, map_body{at}));
    } else if constexpr (What == buried) {
      return penstock::transform(options_of(s), dead_letter(queues_.letters, retry(again, map_body{at})));
    } else if constexpr (What == async_retried) {
      return penstock::async_transform(async_options_of(s), retry(again, async_map_body{at}));
    } else if constexpr (What == async_buried) {
      return penstock::async_transform(async_options_of(s),
                                       dead_letter(queues_.letters, retry(again, async_map_body{at})));
    } else if constexpr (What == weighed) {
      return penstock::weighed({.most = s.most_weight}, weight_body{},
                               penstock::transform(options_of(s), map_body{at}));
    } else if constexpr (What == async_weighed) {
      return penstock::weighed({.most = s.most_weight}, weight_body{},
                               penstock::async_transform(async_options_of(s), async_map_body{at}));
    } else if constexpr (What == keyed) {
      return keyed_transform(
          {.name = s.name, .workers = s.workers, .capacity = s.capacity, .on = s.on, .on_error = s.on_error},
          key_body{at}, map_body{at});
    } else if constexpr (What == batch) {
      return penstock::batch({.name = s.name, .count = s.count, .within = s.within, .capacity = s.capacity});
    } else if constexpr (What == throttle) {
      return penstock::throttle(
          {.name = s.name, .rate = per_second(s.per_second), .burst = s.burst, .capacity = s.capacity});
    } else if constexpr (What == take) {
      return penstock::take({.name = s.name, .count = s.count, .capacity = s.capacity});
    } else {
      static_assert(What == resequence);
      return penstock::resequence({.name = s.name,
                                   .window = plan_.window_of_resequence(s),
                                   .on_gap = s.on_gap,
                                   .capacity = s.capacity,
                                   .on_error = s.on_error},
                                  &token::number);
    }
  }

  /// The next stage of the plan, which is of this kind.
  template <work What>
  auto the() {
    auto stage = one<What>(plan_.stages[stage_]);
    ++stage_;
    return stage;
  }

  /// All that are of this kind and next in the plan.
  template <work What>
  auto all() {
    std::vector<decltype(one<What>(plan_.stages[0]))> stages;
    while (plan_.stages[stage_].what == What) stages.push_back(the<What>());
    return sequence(std::move(stages));
  }

  std::pair<tee_options, branch_options> next_tee() {
    const auto& s = plan_.stages[stage_++];
    const branch_options of_second{.overflow = s.drops_newest ? overflow::drop_newest : overflow::block};
    return {{.name = s.name, .capacity = s.capacity}, of_second};
  }
  std::pair<route_options, route_body> next_route() {
    const auto& s = plan_.stages[stage_];
    route_options how{.name = s.name, .capacity = s.capacity, .on_error = s.on_error};
    return {std::move(how), route_body{{&on_stage_, stage_++}}};
  }

  template <class... Stages>
  pipeline with_sink(Stages... stages) {
    const auto& s = plan_.stages.back();
    const consumer_options how{
        .name = s.name, .workers = s.workers, .capacity = s.capacity, .on = s.on, .on_error = s.on_error};
    switch (plan_.sink) {
      case sink_kind::plain: return {"random", std::move(stages)..., consumer(how, sink_body{{&on_stage_, stage_}})};
      case sink_kind::coroutine: break;
      case sink_kind::queue: return {"random", std::move(stages)..., consumer(how, into(queues_.output))};
    }
    return {"random", std::move(stages)...,
            async_consumer({.name = s.name, .workers = s.workers, .capacity = s.capacity, .on_error = s.on_error},
                           async_sink_body{{&on_stage_, stage_}})};
  }

  // Each layout takes the next stages of the plan, in their order: in braces, or one statement after the other.

  template <work... Whats, class... Before>
  pipeline in_a_row(Before... before) {
    std::tuple stages{next<Whats>()...};
    return std::apply([&](auto&... s) { return with_sink(std::move(before)..., std::move(s)...); }, stages);
  }
  template <work What>
  auto next() {
    using enum work;
    if constexpr (What == batch || What == unbatch || What == throttle || What == take || What == resequence) {
      return the<What>();
    } else {
      return all<What>();
    }
  }

  template <class Source>
  pipeline with_source(Source source) {
    using w = work;
    switch (plan_.layout) {
      case 0: return in_a_row<w::transform, w::filter, w::async_transform, w::flat_map>(std::move(source));
      case 1: return in_a_row<w::async_transform, w::batch, w::unbatch, w::filter_map, w::transform>(std::move(source));
      case 2: return in_a_row<w::flat_map, w::transform, w::filter_map, w::async_transform>(std::move(source));
      case 3:
        return in_a_row<w::retried, w::buried, w::flat_map, w::async_retried, w::async_buried, w::filter>(
            std::move(source));
      case 4: {
        auto before = all<w::transform>();
        auto [how, which] = next_route();
        auto a = all<w::keyed>();
        auto b = all<w::retried>();
        auto c = all<w::async_transform>();
        return in_a_row<w::resequence, w::throttle, w::transform>(
            std::move(source), std::move(before),
            route(how, which, branch(std::move(a)), branch(std::move(b)), branch(std::move(c))));
      }
      case 5:
        return in_a_row<w::keyed, w::weighed, w::filter, w::async_weighed, w::buried, w::take, w::transform>(
            std::move(source));
      case 6: {
        auto before = all<w::weighed>();
        auto [how, second] = next_tee();
        auto a = all<w::weighed>();
        auto b = all<w::async_retried>();
        auto c = all<w::keyed>();
        return in_a_row<w::flat_map, w::throttle, w::filter_map>(
            std::move(source), std::move(before),
            tee(how, branch(std::move(a)), branch(second, std::move(b)), branch(std::move(c))));
      }
      case 7: {
        auto before = all<w::filter>();
        auto [how, which] = next_route();
        auto a = all<w::weighed>();
        auto [inner, second] = next_tee();
        auto b = all<w::retried>();
        auto c = all<w::transform>();
        return in_a_row<w::keyed, w::async_buried>(
            std::move(source), std::move(before),
            route(how, which, branch(std::move(a)),
                  branch(tee(inner, branch(std::move(b)), branch(second, std::move(c))))));
      }
      default: break;
    }
    const auto& s = plan_.stages[1];
    auto other = producer({.name = s.name, .on = s.on, .on_error = s.on_error}, calling_body{&on_stage_, 1});
    return in_a_row<w::weighed, w::keyed, w::batch, w::unbatch, w::throttle, w::buried, w::take, w::transform>(
        merge({.name = "merged", .capacity = s.capacity}, branch(std::move(source)), branch(std::move(other))));
  }

  scene& on_stage_;
  queues_of_a_run& queues_;
  const run_plan& plan_;
  std::size_t stage_;
};

}  // namespace

pipeline make_line(scene& on_stage, queues_of_a_run& queues) { return line_maker(on_stage, queues).make(); }

}  // namespace penstock_tests::stress
