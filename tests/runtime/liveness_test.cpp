// No item is ever stuck behind a body that blocks, as long as there is a thread that could go on: not even where the
// body was cheap for thousands of items and its stage is worked through in bursts.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <ranges>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr int cheap = 20'000;
constexpr int items = 20'100;

/// Numbers seen by somebody; others wait until a number is among them.
class seen_up_to {
 public:
  void saw(int n) {
    last_.store(n, std::memory_order_release);
    if (n >= cheap - 1) slow_.add(n + 1 - slow_.value());
  }
  void wait_until(int n, std::source_location where = std::source_location::current()) { slow_.wait_for(n + 1, where); }

 private:
  std::atomic<int> last_{-1};
  count_up slow_;
};

enum class neighbour { cpu, blocking, async };

/// The last stage, of the kind that is asked for.
template <class Body>
pipeline ending_in(neighbour kind, Body body, auto source, auto middle) {
  switch (kind) {
    case neighbour::async: {
      auto awaiting = [body](int n) -> asio::awaitable<void> {
        body(n);
        co_return;
      };
      return {"surprise", source, middle, async_consumer({.name = "sink", .workers = 1}, awaiting)};
    }
    case neighbour::blocking:
      return {"surprise", source, middle, consumer({.name = "sink", .on = place::blocking}, body)};
    case neighbour::cpu: break;
  }
  return {"surprise", source, middle, consumer({.name = "sink"}, body)};
}

void a_body_waits_until_the_consumer_has_seen_the_item_before(std::size_t threads, neighbour kind) {
  runtime rt({.cpu_workers = threads});
  seen_up_to seen;
  const auto line = ending_in(
      kind, [&](int n) { seen.saw(n); }, producer({.name = "count"}, std::views::iota(0, items)),
      transform({.name = "wait"}, [&](int n) {
        if (n > cheap) seen.wait_until(n - 1);
        return n;
      }));
  EXPECT_TRUE(finish(rt, line).ok());
}

TEST(liveness, a_cpu_body_may_wait_for_the_next_stage_where_another_worker_is_free) {
  a_body_waits_until_the_consumer_has_seen_the_item_before(2, neighbour::cpu);
}

TEST(liveness, a_cpu_body_may_wait_for_a_blocking_stage_after_it_also_on_the_only_worker) {
  a_body_waits_until_the_consumer_has_seen_the_item_before(1, neighbour::blocking);
}

TEST(liveness, a_cpu_body_may_wait_for_an_async_stage_after_it_also_on_the_only_worker) {
  a_body_waits_until_the_consumer_has_seen_the_item_before(1, neighbour::async);
}

TEST(liveness, a_producer_may_wait_until_its_last_item_was_seen) {
  for (const auto where : {place::cpu, place::blocking}) {
    for (const std::size_t capacity : {1U, 7U, 1024U}) {
      runtime rt({.cpu_workers = 2});
      seen_up_to seen;
      EXPECT_TRUE(finish(rt, {"surprise",
                              producer({.name = "count", .on = where},
                                       [&, n = 0]() mutable -> std::optional<int> {
                                         if (n > cheap) seen.wait_until(n - 1);
                                         if (n == items) return std::nullopt;
                                         return n++;
                                       }),
                              transform({.name = "same", .capacity = capacity}, [](int n) { return n; }),
                              consumer({.name = "sink", .capacity = capacity}, [&](int n) { seen.saw(n); })})
                      .ok());
    }
  }
}

TEST(liveness, a_consumer_may_wait_until_the_producer_has_made_the_next_item) {
  for (const auto where : {place::cpu, place::blocking}) {
    for (const std::size_t capacity : {1U, 7U, 1024U}) {
      runtime rt({.cpu_workers = 2});
      seen_up_to made;
      EXPECT_TRUE(finish(rt, {"surprise",
                              producer({.name = "count", .on = where},
                                       [&, n = 0]() mutable -> std::optional<int> {
                                         made.saw(n);
                                         if (n == items) return std::nullopt;
                                         return n++;
                                       }),
                              consumer({.name = "sink", .capacity = capacity},
                                       [&](int n) {
                                         if (n > cheap) made.wait_until(n + 1);
                                       })})
                      .ok());
    }
  }
}

TEST(liveness, a_consumer_may_wait_for_a_producer_that_is_elsewhere_also_on_the_only_worker) {
  runtime rt({.cpu_workers = 1});
  seen_up_to made;
  EXPECT_TRUE(finish(rt, {"surprise",
                          async_producer({.name = "count"},
                                         [&, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                                           made.saw(n);
                                           if (n == items) co_return std::nullopt;
                                           co_return n++;
                                         }),
                          consumer({.name = "sink", .capacity = 16},
                                   [&](int n) {
                                     if (n > cheap) made.wait_until(n + 1);
                                   })})
                  .ok());
}

TEST(liveness, a_body_in_the_middle_may_wait_for_both_ends) {
  runtime rt({.cpu_workers = 3});
  seen_up_to made, seen;
  EXPECT_TRUE(finish(rt, {"surprise",
                          producer({.name = "count"},
                                   [&, n = 0]() mutable -> std::optional<int> {
                                     made.saw(n);
                                     if (n == items) return std::nullopt;
                                     return n++;
                                   }),
                          transform({.name = "wait", .capacity = 4},
                                    [&](int n) {
                                      if (n > cheap) made.wait_until(n + 1);
                                      if (n > cheap) seen.wait_until(n - 1);
                                      return n;
                                    }),
                          consumer({.name = "sink", .capacity = 4}, [&](int n) { seen.saw(n); })})
                  .ok());
}

/// Each round, all workers of a stage must be inside a body at once, or none goes on.
void all_workers_meet(std::size_t threads, place where, order ordering, bool cheap_before) {
  constexpr long workers = 4;
  runtime rt({.cpu_workers = threads});
  const int before = cheap_before ? cheap : 0;
  const int rounds = 25;
  count_up came;
  const auto r = finish(
      rt, {"meeting", producer({.name = "count"}, std::views::iota(0, before + rounds * static_cast<int>(workers))),
           transform({.name = "meet", .workers = workers, .order = ordering, .on = where},
                     [&](int n) {
                       if (n < before) return n;
                       const auto round = (n - before) / workers;
                       came.add();
                       came.wait_for((round + 1) * workers);
                       return n;
                     }),
           consumer({.name = "sink"}, [](int) {})});
  EXPECT_TRUE(r.ok());
}

TEST(liveness, all_workers_of_a_blocking_stage_can_be_in_their_bodies_at_once) {
  for (int i = 0; i < 20; ++i) {
    all_workers_meet(1, place::blocking, order::any, false);
    all_workers_meet(1, place::blocking, order::kept, false);
  }
}

TEST(liveness, all_workers_of_a_cpu_stage_can_be_in_their_bodies_at_once) {
  for (int i = 0; i < 20; ++i) {
    all_workers_meet(5, place::cpu, order::any, false);
    all_workers_meet(5, place::cpu, order::kept, false);
  }
}

TEST(liveness, a_stage_whose_worker_blocks_does_not_keep_other_runs_of_the_same_runtime_waiting) {
  runtime rt({.cpu_workers = 2});
  event inside, go_on;
  const auto slow =
      rt.start({"slow", producer({.name = "give"}, std::vector<int>{1}), consumer({.name = "sink"}, [&](int) {
                  inside.set();
                  go_on.wait();
                })});
  inside.wait();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(
        finish(rt, {"quick", producer({.name = "count"}, std::views::iota(0, 10'000)),
                    transform({.name = "same"}, [](int n) { return n; }), consumer({.name = "sink"}, [](int) {})})
            .ok());
  }
  go_on.set();
  EXPECT_TRUE(finish(slow).ok());
}

/// After thousands of cheap items a worker has many at once; one of them waits until every item before it, and as many
/// after it as there is room for, were seen by the next stage.
void an_item_may_wait_for_all_others(order ordering, std::size_t capacity, int last) {
  runtime rt({.cpu_workers = 3});
  count_up seen;
  const auto r = finish(rt, {"surprise", producer({.name = "count"}, std::views::iota(0, last)),
                             transform({.name = "wait", .workers = 2, .capacity = capacity, .order = ordering},
                                       [&](int n) {
                                         // In order, nothing after an item can be seen before it.
                                         if (n == cheap) seen.wait_for(ordering == order::kept ? n : last - 1);
                                         return n;
                                       }),
                             consumer({.name = "sink", .capacity = capacity}, [&](int) { seen.add(); })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(seen.value(), last);
}

TEST(liveness, an_item_may_wait_for_all_others_of_its_stage_where_another_worker_is_free) {
  for (const std::size_t capacity : {1U, 7U, 64U, 1024U}) {
    for (const int after : {1, 50, 5'000}) an_item_may_wait_for_all_others(order::any, capacity, cheap + after);
  }
}

TEST(liveness, an_item_of_an_ordered_stage_may_wait_for_all_before_it) {
  for (const std::size_t capacity : {1U, 7U, 64U, 1024U}) {
    for (const int after : {1, 50, 5'000}) an_item_may_wait_for_all_others(order::kept, capacity, cheap + after);
  }
}

TEST(liveness, an_item_may_wait_for_one_that_its_own_worker_would_have_come_to_next) {
  for (const auto ordering : {order::any, order::kept}) {
    runtime rt({.cpu_workers = 2});
    event reached;
    EXPECT_TRUE(finish(rt, {"surprise", producer({.name = "count"}, std::views::iota(0, items)),
                            transform({.name = "wait", .workers = 2, .order = ordering},
                                      [&](int n) {
                                        if (n == cheap) reached.wait();
                                        if (n == cheap + 1) reached.set();
                                        return n;
                                      }),
                            consumer({.name = "sink"}, [](int) {})})
                    .ok());
  }
}

TEST(liveness, a_cancel_while_an_item_waits_for_others_drops_and_counts_what_came_back) {
  for (const auto ordering : {order::any, order::kept}) {
    runtime rt({.cpu_workers = 3});
    const auto live = rt.start({"surprise", producer({.name = "count"}, std::views::iota(0, 10 * items)),
                                transform({.name = "wait", .workers = 2, .order = ordering},
                                          [&](int n, context& c) {
                                            if (n == cheap || n == cheap + 1) {
                                              if (n == cheap + 1) c.cancel();
                                              wait_until_told(c);
                                            }
                                            return n;
                                          }),
                                consumer({.name = "sink"}, [](int) {})});
    const auto r = finish(live);
    EXPECT_EQ(r.state(), end_state::cancelled);
    EXPECT_TRUE(r.balanced()) << r;
  }
}

TEST(liveness, a_slow_item_does_not_hold_back_those_that_other_workers_have) {
  runtime rt({.cpu_workers = 2});
  count_up seen;
  EXPECT_TRUE(finish(rt, {"one slow", producer({.name = "count"}, std::views::iota(0, 100)),
                          transform({.name = "work", .workers = 2},
                                    [&](int n) {
                                      if (n == 0) seen.wait_for(99);
                                      return n;
                                    }),
                          consumer({.name = "sink", .on = place::blocking}, [&](int) { seen.add(); })})
                  .ok());
}

}  // namespace
