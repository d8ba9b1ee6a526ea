// The pipeline of one random run, its queues and what must be true when it has ended, whatever runs it.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "stress/bodies.hpp"

namespace penstock_tests::stress {

using namespace penstock;  // NOLINT(google-build-using-namespace): a header of tests

inline penstock::transform_options options_of(const stage_plan& s) {
  return {.name = s.name,
          .workers = s.workers,
          .capacity = s.capacity,
          .order = s.order,
          .window = s.window,
          .on = s.on,
          .on_error = s.on_error};
}

class line_of_a_run {
 public:
  /// `run_inner`: runs a pipeline inside a body.
  line_of_a_run(const run_plan& what, scene::runner run_inner)
      : plan(what),
        on_stage(plan, std::move(run_inner)),
        input(1 + what.seed % 20),
        output(1 + what.seed / 20 % 20),
        line_(make_line()) {}
  line_of_a_run(const line_of_a_run&) = delete;
  line_of_a_run& operator=(const line_of_a_run&) = delete;

  [[nodiscard]] const penstock::pipeline& line() const { return *line_; }

  /// Destroys the pipeline, and with it its bodies.
  void destroy_line() { line_.reset(); }

  /// The reader has taken `count` items: it closes the output if the plan says so. What is in there it still takes.
  void was_read(std::uint64_t count) {
    if (plan.end != ending::sink_closes || count != plan.end_after) return;
    on_stage.sink_gone = true;
    output.close();
  }

  /// The run has ended with `r`.
  void check(const penstock::report& r) {
    EXPECT_TRUE(r.ended);
    EXPECT_TRUE(r.balanced()) << r;
    for (const auto& e : r.edges) {
      EXPECT_EQ(e.size, 0U) << r;
      EXPECT_LE(e.peak, e.capacity) << r;
    }
    auto whole = plan.foretell();
    auto seen = on_stage.seen;
    const bool natural = plan.end == ending::natural;
    const bool may_fail = whole.fails || plan.close_with_error;
    if (!may_fail) {
      EXPECT_NE(r.state(), penstock::end_state::failed) << r;
    }
    if (natural) {
      EXPECT_EQ(r.state(), may_fail ? penstock::end_state::failed : penstock::end_state::completed) << r;
    }
    if (r.state() == penstock::end_state::stopped) {
      EXPECT_EQ(r.dropped(), 0U) << r;
    }
    const bool all_there = !whole.fails && (natural || (r.ok() && plan.end != ending::sink_closes));
    if (plan.keeps_order() && all_there) {
      EXPECT_EQ(seen, whole.seen) << r;
    }
    std::sort(seen.begin(), seen.end());
    std::sort(whole.seen.begin(), whole.seen.end());
    if (all_there) {
      EXPECT_EQ(seen, whole.seen) << r;
    }
    EXPECT_TRUE(std::includes(whole.seen.begin(), whole.seen.end(), seen.begin(), seen.end())) << r;
  }

  const run_plan plan;
  scene on_stage;
  penstock::queue<token> input;
  penstock::queue<token> output;

 private:
  template <class Body>
  static auto stage_of(const stage_plan& s, Body b) {
    if constexpr (std::is_same_v<Body, map_body>) {
      return transform(options_of(s), b);
    } else if constexpr (std::is_same_v<Body, filter_body>) {
      return filter(options_of(s), b);
    } else if constexpr (std::is_same_v<Body, filter_map_body>) {
      return filter_map(options_of(s), b);
    } else {
      return flat_map(options_of(s), b);
    }
  }

  template <class Body>
  auto all(work kind) {
    std::vector<decltype(stage_of(plan.stages[0], Body{}))> stages;
    for (; plan.stages[stage_].what == kind; ++stage_) {
      stages.push_back(stage_of(plan.stages[stage_], Body{{&on_stage, stage_}}));
    }
    return sequence(std::move(stages));
  }

  auto all_async() {
    const auto one = [this](const stage_plan& s) {
      return async_transform({.name = s.name,
                              .workers = s.workers,
                              .capacity = s.capacity,
                              .order = s.order,
                              .window = s.window,
                              .on_error = s.on_error},
                             async_map_body{{&on_stage, stage_}});
    };
    std::vector<decltype(one(plan.stages[0]))> stages;
    for (; plan.stages[stage_].what == work::async_transform; ++stage_) stages.push_back(one(plan.stages[stage_]));
    return sequence(std::move(stages));
  }

  template <class... Stages>
  std::optional<pipeline> with_sink(Stages... stages) {
    const auto& s = plan.stages.back();
    const consumer_options how{
        .name = s.name, .workers = s.workers, .capacity = s.capacity, .on = s.on, .on_error = s.on_error};
    switch (plan.sink) {
      case sink_kind::plain:
        return pipeline("random", std::move(stages)..., consumer(how, sink_body{{&on_stage, stage_}}));
      case sink_kind::coroutine: break;
      case sink_kind::queue: return pipeline("random", std::move(stages)..., consumer(how, into(output)));
    }
    return pipeline(
        "random", std::move(stages)...,
        async_consumer({.name = s.name, .workers = s.workers, .capacity = s.capacity, .on_error = s.on_error},
                       async_sink_body{{&on_stage, stage_}}));
  }

  template <class Source>
  std::optional<pipeline> with_source(Source source) {
    // In the order of the layout, since each takes the next stages of the plan.
    switch (plan.layout) {
      case 0: {
        auto a = all<map_body>(work::transform);
        auto b = all<filter_body>(work::filter);
        auto c = all_async();
        auto d = all<flat_map_body>(work::flat_map);
        return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d));
      }
      case 1: {
        auto a = all_async();
        const auto& s = plan.stages[stage_++];
        auto b = batch({.name = s.name, .count = s.count, .within = s.within, .capacity = s.capacity});
        auto c = flat_map(options_of(plan.stages[stage_]), unbatch_body{{&on_stage, stage_}});
        ++stage_;
        auto d = all<filter_map_body>(work::filter_map);
        auto e = all<map_body>(work::transform);
        return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d), std::move(e));
      }
      default: break;
    }
    auto a = all<flat_map_body>(work::flat_map);
    auto b = all<map_body>(work::transform);
    auto c = all<filter_map_body>(work::filter_map);
    auto d = all_async();
    return with_sink(std::move(source), std::move(a), std::move(b), std::move(c), std::move(d));
  }

  std::optional<pipeline> make_line() {
    stage_ = 1;
    const auto& first = plan.stages[0];
    const producer_options how{.name = first.name, .on = first.on, .on_error = first.on_error};
    switch (plan.source) {
      case source_kind::range: {
        std::vector<token> all;
        for (std::uint64_t i = 0; i < plan.items; ++i) all.emplace_back(i);
        return with_source(producer(how, std::move(all)));
      }
      case source_kind::callable: return with_source(producer(how, calling_body{&on_stage}));
      case source_kind::queue: return with_source(producer(how, input));
      case source_kind::coroutine: break;
    }
    return with_source(async_producer({.name = first.name, .on_error = first.on_error}, async_calling_body{&on_stage}));
  }

  std::size_t stage_ = 1;
  std::optional<penstock::pipeline> line_;
};

}  // namespace penstock_tests::stress
