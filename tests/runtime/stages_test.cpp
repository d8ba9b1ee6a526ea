// Every kind of stage, with one worker and several, any order and kept, narrow and wide, on CPU workers and on threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;

struct setup {
  std::size_t threads;
  std::size_t workers;
  order ordering;
  std::size_t capacity;
  place where;

  [[nodiscard]] transform_options options(std::string name = "mid") const {
    return {.name = std::move(name), .workers = workers, .capacity = capacity, .order = ordering, .on = where};
  }
  [[nodiscard]] bool in_order() const { return workers == 1 || ordering == order::kept; }
  [[nodiscard]] std::string text() const {
    return std::to_string(threads) + " threads, " + std::to_string(workers) + " workers, order " +
           (ordering == order::any ? "any" : "kept") + ", capacity " + std::to_string(capacity) +
           (where == place::cpu ? ", cpu" : ", blocking");
  }
};

void for_each_setup(const std::function<void(const setup&)>& test) {
  for (const std::size_t threads : {1U, 2U})
    for (const std::size_t workers : {1U, 4U})
      for (const auto ordering : {order::any, order::kept})
        for (const std::size_t capacity : {1U, 7U, 1024U})
          for (const auto where : {place::cpu, place::blocking}) {
            const setup s{threads, workers, ordering, capacity, where};
            SCOPED_TRACE(s.text());
            test(s);
          }
}

constexpr int items = 1500;

/// What comes out of `stage` for 0, 1, … items − 1, in the order in which it comes out, sorted where none is promised.
template <class Stage>
std::vector<int> out_of(const setup& s, const Stage& stage) {
  runtime rt({.cpu_workers = s.threads});
  std::vector<int> got;
  const auto r = finish(rt, {"kind", producer({.name = "count", .on = s.where}, std::views::iota(0, items)), stage,
                             consumer({.name = "sink", .capacity = s.capacity}, [&](int n) { got.push_back(n); })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.stage("mid").in, static_cast<std::uint64_t>(items));
  EXPECT_EQ(r.stage("mid").done, static_cast<std::uint64_t>(items));
  EXPECT_EQ(r.stage("mid").emitted, got.size());
  if (!s.in_order()) std::ranges::sort(got);
  return got;
}

TEST(transform, gives_one_item_for_each) {
  std::vector<int> expected(items);
  std::ranges::transform(std::views::iota(0, items), expected.begin(), [](int n) { return 3 * n; });
  for_each_setup(
      [&](const setup& s) { EXPECT_EQ(out_of(s, transform(s.options(), [](int n) { return 3 * n; })), expected); });
}

TEST(filter, lets_pass_what_its_predicate_likes) {
  for (const int divisor : {1, 2, 3, items + 1}) {
    std::vector<int> expected;
    for (int n = 0; n < items; ++n)
      if (n % divisor == 0 && divisor <= items) expected.push_back(n);
    for_each_setup([&](const setup& s) {
      EXPECT_EQ(out_of(s, filter(s.options(), [=](int n) { return n % divisor == 0 && divisor <= items; })), expected);
    });
  }
}

TEST(filter_map, gives_what_its_body_gives) {
  std::vector<int> expected;
  for (int n = 0; n < items; n += 5) expected.push_back(n / 5);
  for_each_setup([&](const setup& s) {
    EXPECT_EQ(
        out_of(s, filter_map(s.options(), [](int n) { return n % 5 == 0 ? std::optional(n / 5) : std::nullopt; })),
        expected);
  });
}

TEST(flat_map, gives_none_one_or_many_for_each) {
  std::vector<int> expected;
  for (int n = 0; n < items; ++n) expected.insert(expected.end(), static_cast<std::size_t>(n % 5), n);
  for_each_setup([&](const setup& s) {
    EXPECT_EQ(out_of(s, flat_map(s.options(), [](int n) { return std::vector(static_cast<std::size_t>(n % 5), n); })),
              expected);
  });
}

TEST(flat_map, of_nothing_gives_nothing) {
  for_each_setup([&](const setup& s) {
    EXPECT_TRUE(out_of(s, flat_map(s.options(), [](int) { return std::vector<int>(); })).empty());
  });
}

TEST(flat_map, of_a_view_copies_its_elements) {
  std::vector<int> expected;
  for (int n = 0; n < items; ++n)
    for (int k = 0; k < 3; ++k) expected.push_back(n + k);
  for_each_setup([&](const setup& s) {
    EXPECT_EQ(out_of(s, flat_map(s.options(), [](int n) { return std::views::iota(n, n + 3); })), [&] {
      auto e = expected;
      if (!s.in_order()) std::ranges::sort(e);
      return e;
    }());
  });
}

TEST(flat_map, gives_far_more_than_the_edge_holds) {
  runtime rt({.cpu_workers = 2});
  for (const std::size_t workers : {1U, 4U}) {
    long sum = 0;
    const auto r =
        finish(rt, {"many", producer({.name = "count"}, std::views::iota(0, 20)),
                    flat_map({.name = "split", .workers = workers}, [](int) { return std::views::iota(0, 10'000); }),
                    consumer({.name = "sink", .capacity = 3}, [&](int n) { sum += n; })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 20 * 49'995'000L);
    EXPECT_EQ(r.edges.at(1).peak, 3U);
  }
}

TEST(consumer, sees_every_item_once_whatever_its_workers) {
  for_each_setup([](const setup& s) {
    runtime rt({.cpu_workers = s.threads});
    std::mutex lock;
    std::vector<int> got;
    const auto r =
        finish(rt, {"end", producer({.name = "count"}, std::views::iota(0, items)),
                    consumer({.name = "sink", .workers = s.workers, .capacity = s.capacity, .on = s.where}, [&](int n) {
                      const std::lock_guard hold(lock);
                      got.push_back(n);
                    })});
    EXPECT_TRUE(r.ok());
    if (s.workers > 1) std::ranges::sort(got);
    EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, items)));
  });
}

TEST(stages, never_have_more_bodies_at_once_than_workers) {
  for_each_setup([](const setup& s) {
    runtime rt({.cpu_workers = s.threads});
    crowd inside;
    finish(rt, {"crowd", producer({.name = "count"}, std::views::iota(0, items)),
                transform(s.options(),
                          [&](int n) {
                            inside.enter();
                            inside.leave();
                            return n;
                          }),
                consumer({.name = "sink"}, [](int) {})});
    EXPECT_LE(inside.most(), static_cast<long>(s.workers));
  });
}

TEST(stages, of_parallel_workers_in_a_row_keep_order_where_it_is_promised) {
  for (int i = 0; i < 20; ++i) {
    runtime rt({.cpu_workers = 3});
    std::vector<int> got;
    const auto kept = [](const char* name, std::size_t capacity) {
      return transform_options{.name = name, .workers = 3, .capacity = capacity, .order = order::kept};
    };
    const auto r = finish(
        rt, {"rows", producer({.name = "count"}, std::views::iota(0, 3000)),
             transform(kept("a", 16), [](int n) { return n; }), filter(kept("b", 3), [](int n) { return n % 3 != 0; }),
             flat_map(kept("c", 64), [](int n) { return std::vector{n, n}; }),
             filter_map(kept("d", 5), [](int n) { return std::optional(n); }),
             consumer({.name = "sink"}, [&](int n) { got.push_back(n); })});
    EXPECT_TRUE(r.ok());
    std::vector<int> expected;
    for (int n = 0; n < 3000; ++n)
      if (n % 3 != 0) expected.insert(expected.end(), 2, n);
    EXPECT_EQ(got, expected);
  }
}

TEST(batch, leaves_by_count_and_the_rest_at_the_end) {
  for (const std::size_t threads : {1U, 2U})
    for (const std::size_t count : {1U, 2U, 10U, 100U, 1499U, 1500U, 5000U})
      for (const std::size_t capacity : {1U, 7U, 1024U}) {
        SCOPED_TRACE(std::to_string(count) + " behind " + std::to_string(capacity));
        runtime rt({.cpu_workers = threads});
        std::vector<int> got;
        std::vector<std::size_t> sizes;
        const auto r = finish(rt, {"pages", producer({.name = "count"}, std::views::iota(0, items)),
                                   batch({.name = "page", .count = count, .capacity = capacity}),
                                   consumer({.name = "sink", .capacity = 1}, [&](const std::vector<int>& page) {
                                     sizes.push_back(page.size());
                                     got.insert(got.end(), page.begin(), page.end());
                                   })});
        EXPECT_TRUE(r.ok());
        EXPECT_TRUE(std::ranges::equal(got, std::views::iota(0, items)));
        ASSERT_FALSE(sizes.empty());
        for (std::size_t i = 0; i + 1 < sizes.size(); ++i) EXPECT_EQ(sizes[i], count);
        EXPECT_EQ(r.stage("page").done, static_cast<std::uint64_t>(items));
        EXPECT_EQ(r.stage("page").emitted, sizes.size());
      }
}

TEST(batch, of_no_items_does_not_leave) {
  runtime rt({.cpu_workers = 1});
  EXPECT_TRUE(finish(rt, {"pages", producer({.name = "none"}, std::vector<int>{}),
                          batch({.name = "page", .count = 3, .within = 1ms}),
                          consumer({.name = "sink"}, [](const std::vector<int>&) { FAIL(); })})
                  .ok());
}

TEST(batch, leaves_by_time_though_no_further_item_comes) {
  for (const std::size_t threads : {1U, 2U}) {
    runtime rt({.cpu_workers = threads});
    queue<int> q(16);
    count_up got;
    const auto run = rt.start(
        {"pages", producer({.name = "queue"}, q), batch({.name = "page", .count = 1000, .within = 5ms}),
         consumer({.name = "sink"}, [&](const std::vector<int>& page) { got.add(static_cast<long>(page.size())); })});
    for (int round = 1; round <= 5; ++round) {
      for (int n = 0; n < 3; ++n) {
        int item = n;
        ASSERT_TRUE(q.put(std::move(item)));
      }
      got.wait_for(3 * round);
    }
    q.close();
    EXPECT_TRUE(finish(run).ok());
  }
}

TEST(batch, leaves_by_time_also_when_it_found_no_room_at_that_time) {
  runtime rt({.cpu_workers = 2});
  queue<int> q(16);
  event inside, go_on;
  count_up got;
  const auto run =
      rt.start({"pages", producer({.name = "queue"}, q), batch({.name = "page", .count = 1000, .within = 1ms}),
                consumer({.name = "sink", .capacity = 1, .on = place::blocking}, [&](const std::vector<int>& page) {
                  inside.set();
                  go_on.wait();
                  got.add(static_cast<long>(page.size()));
                })});
  for (int n = 0; n < 8; ++n) {
    int item = n;
    ASSERT_TRUE(q.put(std::move(item)));
    if (n == 0) inside.wait();
  }
  EXPECT_FALSE(run.wait_for(10ms));
  go_on.set();
  got.wait_for(8);
  q.close();
  EXPECT_TRUE(finish(run).ok());
}

/// Counts what is alive.
struct counted {
  static inline std::atomic<long> alive{0};
  static inline std::atomic<long> copies{0};
  explicit counted(int n) : number(n) { ++alive; }
  counted(counted&& other) noexcept : number(other.number) { ++alive; }
  counted(const counted& other) noexcept : number(other.number) { ++alive, ++copies; }
  counted& operator=(counted&&) noexcept = default;
  counted& operator=(const counted&) noexcept = default;
  ~counted() { --alive; }
  int number;
};

auto counting(int end) {
  return [n = 0, end]() mutable -> std::optional<counted> {
    return n == end ? std::nullopt : std::optional<counted>(counted(n++));
  };
}

TEST(items, are_destroyed_as_often_as_they_are_made_and_never_copied) {
  for (const bool cancels : {false, true}) {
    for_each_setup([cancels](const setup& s) {
      counted::copies = 0;
      {
        runtime rt({.cpu_workers = s.threads});
        const auto run =
            rt.start({"counted", producer({.name = "make", .on = s.where}, counting(cancels ? 1 << 30 : 500)),
                      transform(s.options("a"), [](counted c) { return c; }),
                      filter(s.options("b"), [](const counted& c) { return c.number % 3 != 0; }),
                      filter_map(s.options("c"), [](counted c) { return std::optional<counted>(std::move(c)); }),
                      flat_map(s.options("d"),
                               [](counted c) {
                                 std::vector<counted> two;
                                 two.emplace_back(c.number);
                                 two.push_back(std::move(c));
                                 return two;
                               }),
                      batch({.name = "page", .count = 7, .capacity = s.capacity}),
                      consumer({.name = "sink", .workers = s.workers, .capacity = s.capacity, .on = s.where},
                               [cancels](std::vector<counted> page, context& c) {
                                 if (cancels && page.front().number > 50) c.cancel();
                               })});
        const auto r = finish(run);
        EXPECT_EQ(r.state(), cancels ? end_state::cancelled : end_state::completed);
        EXPECT_EQ(counted::alive, 0) << "nothing is left when the run has ended";
      }
      EXPECT_EQ(counted::copies, 0);
    });
  }
}

TEST(items, may_be_move_only_throughout) {
  for_each_setup([](const setup& s) {
    runtime rt({.cpu_workers = s.threads});
    std::atomic<long> sum{0};
    using item = std::unique_ptr<int>;
    const auto r =
        finish(rt, {"move only",
                    producer({.name = "make", .on = s.where},
                             [n = 0]() mutable -> std::optional<item> {
                               if (n == 300) return std::nullopt;
                               return std::make_unique<int>(n++);
                             }),
                    transform(s.options("a"), [](item p) { return p; }),
                    filter(s.options("b"), [](const item& p) { return *p >= 0; }),
                    flat_map(s.options("c"),
                             [](item p) {
                               std::vector<item> one;
                               one.push_back(std::move(p));
                               return one;
                             }),
                    batch({.name = "page", .count = 7}),
                    consumer({.name = "sink", .workers = s.workers, .on = s.where}, [&](std::vector<item> page) {
                      for (const auto& p : page) sum += *p;
                    })});
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(sum, 299 * 150);
  });
}

}  // namespace
