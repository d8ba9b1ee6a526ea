// Bodies that throw.
#include <boost/asio.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// An exception that says which object it is, so that a copy or a translation shows.
struct labelled : std::runtime_error {
  explicit labelled(int n) : std::runtime_error("item " + std::to_string(n)), number(n) {}
  int number;
};

TEST(fail_fast, ends_the_run_and_rethrows_the_first_exception_unchanged_from_any_kind_of_stage) {
  runtime rt({.cpu_workers = 2});
  const auto bad = [](int n) {
    if (n == 50) throw labelled(n);
    return n;
  };
  const auto await_bad = [bad](int n) -> asio::awaitable<int> {
    co_await async_sleep(0s);
    co_return bad(n);
  };
  const auto source = producer({.name = "count"}, endless());
  const auto sink = consumer({.name = "sink"}, [](int) {});
  const std::vector<pipeline> lines{
      {"producer", producer({.name = "bad"}, [bad, n = 0]() mutable -> std::optional<int> { return bad(n++); }), sink},
      {"blocking producer",
       producer({.name = "bad", .on = place::blocking},
                [bad, n = 0]() mutable -> std::optional<int> { return bad(n++); }),
       sink},
      {"async_producer",
       async_producer(
           {.name = "bad"},
           [await_bad, n = 0]() mutable -> asio::awaitable<std::optional<int>> { co_return co_await await_bad(n++); }),
       sink},
      {"transform", source, transform({.name = "bad"}, bad), sink},
      {"parallel transform", source, transform({.name = "bad", .workers = 4}, bad), sink},
      {"ordered transform", source, transform({.name = "bad", .workers = 4, .order = order::kept}, bad), sink},
      {"blocking transform", source, transform({.name = "bad", .on = place::blocking}, bad), sink},
      {"filter", source, filter({.name = "bad"}, [bad](int n) { return bad(n) % 2 == 0; }), sink},
      {"filter_map", source, filter_map({.name = "bad"}, [bad](int n) { return std::optional(bad(n)); }), sink},
      {"flat_map", source, flat_map({.name = "bad"}, [bad](int n) { return std::vector{bad(n), n}; }), sink},
      {"async_transform", source, async_transform({.name = "bad"}, await_bad), sink},
      {"ordered async_transform", source, async_transform({.name = "bad", .order = order::kept}, await_bad), sink},
      {"consumer", source, consumer({.name = "bad"}, [bad](int n) { bad(n); })},
      {"parallel consumer", source, consumer({.name = "bad", .workers = 4}, [bad](int n) { bad(n); })},
      {"async_consumer", source,
       async_consumer({.name = "bad"}, [await_bad](int n) -> asio::awaitable<void> { co_await await_bad(n); })},
  };
  for (const auto& line : lines) {
    SCOPED_TRACE(line.name());
    const auto run = rt.start(line);
    const auto r = finish(run);
    EXPECT_EQ(r.state(), end_state::failed);
    EXPECT_EQ(r.reason, stop_reason::failure);
    EXPECT_EQ(r.stage("bad").failed, 1U);
    ASSERT_EQ(r.errors.size(), 1U);
    EXPECT_EQ(r.errors[0].stage, "bad");
    EXPECT_EQ(r.errors[0].item, 50U);
    EXPECT_TRUE(r.errors[0].of_item);
    EXPECT_EQ(r.errors[0].message, "item 50");
    EXPECT_EQ(r.errors[0].error, r.first_failure);
    try {
      static_cast<void>(run.wait());
      ADD_FAILURE();
    } catch (const labelled& e) {
      EXPECT_EQ(e.number, 50);
    }
  }
}

TEST(fail_fast, carries_what_is_not_a_std_exception) {
  runtime rt({.cpu_workers = 1});
  const auto r =
      finish(rt, {"int", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [](int) { throw 7; })});
  EXPECT_THROW(r.rethrow(), int);
  EXPECT_FALSE(r.errors.at(0).message.empty());
}

TEST(fail_fast, with_many_bodies_that_throw_at_once_keeps_the_first) {
  for (int i = 0; i < 20; ++i) {
    runtime rt({.cpu_workers = 4});
    const auto r = finish(rt, {"all bad", producer({.name = "count"}, endless()),
                               transform({.name = "bad", .workers = 4}, [](int n) -> int { throw labelled(n); }),
                               consumer({.name = "sink"}, [](int) { FAIL(); })});
    EXPECT_EQ(r.state(), end_state::failed);
    ASSERT_FALSE(r.errors.empty());
    EXPECT_EQ(r.errors.front().error, r.first_failure);
    EXPECT_LE(r.stage("bad").failed, 4U * 256);
  }
}

TEST(skip, counts_the_item_as_failed_and_goes_on_in_every_kind_of_stage) {
  runtime rt({.cpu_workers = 2});
  constexpr int items = 1000;
  const auto odd_is_bad = [](int n) {
    if (n % 2 == 1) throw labelled(n);
    return n;
  };
  const auto await_bad = [odd_is_bad](int n) -> asio::awaitable<int> {
    if (n % 3 == 0) co_await async_sleep(0s);
    co_return odd_is_bad(n);
  };
  std::mutex lock;
  std::vector<int> got;
  const auto source = producer({.name = "count"}, std::views::iota(0, items));
  const auto sink = consumer({.name = "sink"}, [&](int n) {
    const std::lock_guard hold(lock);
    got.push_back(n);
  });
  const auto keep = [&](int n) {
    const std::lock_guard hold(lock);
    got.push_back(n);
  };
  const std::vector<pipeline> lines{
      {"producer",
       producer({.name = "bad", .on_error = skip},
                [odd_is_bad, n = 0]() mutable -> std::optional<int> {
                  if (n == items) return std::nullopt;
                  return odd_is_bad(n++);
                }),
       sink},
      {"async_producer",
       async_producer({.name = "bad", .on_error = skip},
                      [await_bad, n = 0]() mutable -> asio::awaitable<std::optional<int>> {
                        if (n == items) co_return std::nullopt;
                        const int now = n++;
                        co_return co_await await_bad(now);
                      }),
       sink},
      {"transform", source, transform({.name = "bad", .on_error = skip}, odd_is_bad), sink},
      {"tight transform", source, transform({.name = "bad", .capacity = 1, .on_error = skip}, odd_is_bad), sink},
      {"parallel transform", source, transform({.name = "bad", .workers = 4, .on_error = skip}, odd_is_bad), sink},
      {"ordered transform", source,
       transform({.name = "bad", .workers = 4, .order = order::kept, .on_error = skip}, odd_is_bad), sink},
      {"narrow ordered transform", source,
       transform({.name = "bad", .workers = 4, .capacity = 1, .order = order::kept, .window = 4, .on_error = skip},
                 odd_is_bad),
       sink},
      {"filter", source, filter({.name = "bad", .on_error = skip}, [=](int n) { return odd_is_bad(n) >= 0; }), sink},
      {"flat_map", source,
       flat_map({.name = "bad", .on_error = skip}, [=](int n) { return std::vector{odd_is_bad(n)}; }), sink},
      {"async_transform", source, async_transform({.name = "bad", .on_error = skip}, await_bad), sink},
      {"ordered async_transform", source,
       async_transform({.name = "bad", .order = order::kept, .on_error = skip}, await_bad), sink},
      {"consumer", source, consumer({.name = "bad", .on_error = skip}, [=](int n) { keep(odd_is_bad(n)); })},
      {"blocking consumer", source,
       consumer({.name = "bad", .workers = 4, .on = place::blocking, .on_error = skip},
                [=](int n) { keep(odd_is_bad(n)); })},
      {"async_consumer", source,
       async_consumer({.name = "bad", .on_error = skip},
                      [=](int n) -> asio::awaitable<void> { keep(co_await await_bad(n)); })},
  };
  std::vector<int> even;
  for (int n = 0; n < items; n += 2) even.push_back(n);
  for (const auto& line : lines) {
    SCOPED_TRACE(line.name());
    got.clear();
    std::atomic<long> seen_by_hook{0};
    const auto r = finish(rt, line, {.on_error = [&](const stage_error& e) {
                            EXPECT_EQ(e.stage, "bad");
                            EXPECT_EQ(e.message, "item " + std::to_string(e.item));
                            ++seen_by_hook;
                          }});
    EXPECT_EQ(r.state(), end_state::completed);
    EXPECT_NO_THROW(r.rethrow());
    EXPECT_EQ(r.stage("bad").failed, items / 2U);
    EXPECT_EQ(r.stage("bad").done, items / 2U);
    EXPECT_EQ(seen_by_hook, items / 2);
    EXPECT_EQ(r.errors.size(), 100U) << "the first hundred of a stage are kept";
    std::ranges::sort(got);
    EXPECT_EQ(got, even);
  }
}

TEST(errors, are_kept_up_to_a_hundred_for_each_stage_apart) {
  runtime rt({.cpu_workers = 2});
  // [skipped]
  const auto r = finish(rt, {"two", producer({.name = "count"}, std::views::iota(0, 1000)),
                             transform({.name = "a", .on_error = skip},
                                       [](int n) {
                                         if (n % 2 == 0) throw labelled(n);
                                         return n;
                                       }),
                             consumer({.name = "b", .on_error = skip}, [](int n) { throw labelled(n); })});
  EXPECT_EQ(r.errors.size(), 200U);
  // [/skipped]
  EXPECT_EQ(std::ranges::count(r.errors, "a", &stage_error::stage), 100);
  EXPECT_EQ(r.stage("a").failed, 500U);
  EXPECT_EQ(r.stage("b").failed, 500U);
}

TEST(errors, of_a_skipping_stage_do_not_save_a_run_that_fails_elsewhere) {
  runtime rt({.cpu_workers = 2});
  const auto r = finish(rt, {"both", producer({.name = "count"}, endless()),
                             transform({.name = "soft", .on_error = skip},
                                       [](int n) {
                                         if (n < 10) throw labelled(n);
                                         return n;
                                       }),
                             consumer({.name = "hard"}, [](int n) { throw labelled(n); })});
  EXPECT_EQ(r.state(), end_state::failed);
  try {
    r.rethrow();
  } catch (const labelled& e) {
    EXPECT_EQ(e.number, 10);
  }
}

/// A range whose iterator throws at the third element.
class breaking_range {
 public:
  class iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    int operator*() const { return n_; }
    iterator& operator++() {
      if (++n_ == 2) throw labelled(2);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(int end) const { return n_ == end; }

   private:
    int n_ = 0;
  };
  [[nodiscard]] iterator begin() const { return {}; }
  [[nodiscard]] int end() const { return 5; }
};

TEST(errors, of_a_range_that_throws_while_it_is_iterated_fail_its_item_and_keep_what_was_before) {
  runtime rt({.cpu_workers = 2});
  for (const std::size_t workers : {1U, 4U}) {
    for (const auto ordering : {order::any, order::kept}) {
      for (const std::size_t capacity : {1U, 7U, 1024U}) {
        long got = 0;
        const auto r = finish(
            rt,
            {"breaks", producer({.name = "count"}, std::views::iota(0, 100)),
             flat_map({.name = "bad", .workers = workers, .capacity = capacity, .order = ordering, .on_error = skip},
                      [](int) { return breaking_range(); }),
             consumer({.name = "sink", .capacity = capacity}, [&](int) { ++got; })});
        EXPECT_EQ(r.state(), end_state::completed);
        EXPECT_EQ(r.stage("bad").failed, 100U);
        EXPECT_EQ(r.stage("bad").done, 0U);
        EXPECT_EQ(r.stage("bad").emitted, 200U);
        EXPECT_EQ(got, 200);
      }
    }
  }
}

TEST(context, numbers_the_items_of_a_stage_in_the_order_in_which_they_are_taken) {
  runtime rt({.cpu_workers = 2});
  std::atomic<long> wrong{0};
  const auto check = [&](int n, context& c) {
    if (c.item() != static_cast<std::uint64_t>(n)) ++wrong;
    if (c.attempt() != 1) ++wrong;
    return n;
  };
  const auto r = finish(rt, {"numbers",
                             producer({.name = "count"},
                                      [n = 0](context& c) mutable -> std::optional<int> {
                                        EXPECT_EQ(c.item(), static_cast<std::uint64_t>(n));
                                        EXPECT_EQ(c.stage(), "count");
                                        if (n == 3000) return std::nullopt;
                                        return n++;
                                      }),
                             transform({.name = "serial", .capacity = 7}, check),
                             transform({.name = "ordered", .workers = 4, .order = order::kept}, check),
                             async_transform({.name = "async", .order = order::kept},
                                             [&](int n, context& c) -> asio::awaitable<int> {
                                               if (c.item() != static_cast<std::uint64_t>(n)) ++wrong;
                                               co_await async_sleep(0s);
                                               if (c.item() != static_cast<std::uint64_t>(n)) ++wrong;
                                               co_return n;
                                             }),
                             consumer({.name = "sink", .workers = 3}, [&](int n, context& c) {
                               check(n, c);
                               if (c.worker() >= 3 || c.stage() != "sink") ++wrong;
                             })});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(wrong, 0);
}

}  // namespace
