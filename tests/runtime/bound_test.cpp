// No more items are in a run than its plan says, and no more between two points than what lies between them may hold.
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// An item that counts how many of it are alive; a moved-from one is none.
class alive {
 public:
  explicit alive(crowd& c) : crowd_(&c) { c.enter(); }
  alive(alive&& other) noexcept : crowd_(std::exchange(other.crowd_, nullptr)) {}
  alive& operator=(alive&& other) noexcept {
    std::swap(crowd_, other.crowd_);
    return *this;
  }
  ~alive() {
    if (crowd_ != nullptr) crowd_->leave();
  }

 private:
  crowd* crowd_;
};

auto source(crowd& c, place where, int end) {
  return producer({.name = "make", .on = where}, [&c, end, n = 0]() mutable -> std::optional<alive> {
    if (n++ == end) return std::nullopt;
    return alive(c);
  });
}

void expect_within(std::size_t bound, const pipeline& line, crowd& c) {
  SCOPED_TRACE(line.mermaid());
  runtime rt({.cpu_workers = 3});
  EXPECT_TRUE(finish(rt, line).ok());
  EXPECT_EQ(c.inside(), 0);
  EXPECT_LE(c.most(), static_cast<long>(bound));
}

void expect_within_bound(const pipeline& line, crowd& c) { expect_within(line.bound(), line, c); }

TEST(bound, of_the_plan_is_never_exceeded) {
  for (const std::size_t workers : {1U, 4U}) {
    for (const auto ordering : {order::any, order::kept}) {
      for (const std::size_t capacity : {1U, 7U, 64U}) {
        for (const auto where : {place::cpu, place::blocking}) {
          const transform_options how{
              .name = "mid", .workers = workers, .capacity = capacity, .order = ordering, .on = where};
          const auto sink = consumer({.name = "sink", .capacity = capacity, .on = where}, [](alive) {});
          crowd c;
          expect_within_bound({"p", source(c, where, 2000), transform(how, [](alive a) { return a; }), sink}, c);
          expect_within_bound({"p", source(c, where, 2000), filter(how, [](const alive&) { return true; }), sink}, c);
          expect_within_bound(
              {"p", source(c, where, 2000), filter_map(how, [](alive a) { return std::optional(std::move(a)); }), sink},
              c);
          expect_within_bound(
              {"p", source(c, where, 2000),
               async_transform({.name = "mid", .workers = workers, .capacity = capacity, .order = ordering},
                               [](alive a) -> asio::awaitable<alive> {
                                 co_await async_sleep(0s);
                                 co_return a;
                               }),
               sink},
              c);
          // Behind the batch an item of the plan is a page of ten.
          crowd pages;  // with a most of its own
          const auto elements = 1 + capacity + 9 + 10 * (1 + 1) + capacity + 1;
          expect_within(
              elements,
              {"p", source(pages, where, 2000), batch({.name = "page", .count = 10, .capacity = capacity}),
               flat_map({.name = "mid", .workers = 1, .capacity = 1}, [](std::vector<alive> page) { return page; }),
               sink},
              pages);
        }
      }
    }
  }
}

/// A source that gets `most` items ahead of a body that stands still, and never further.
class standstill {
 public:
  explicit standstill(long most) : most_(most) {}

  [[nodiscard]] auto source() {
    return producer({.name = "count"}, [this, n = 0]() mutable -> std::optional<int> {
      made_.add();
      if (!gone_on_) {
        EXPECT_LE(n + 1, most_);
      }
      return n++;
    });
  }
  /// For the body that stands still.
  void stand() { go_on_.wait(); }

  void expect_filled(const pipeline& line, std::size_t threads) {
    runtime rt({.cpu_workers = threads});
    const auto run = rt.start(line);
    made_.wait_for(most_);
    gone_on_ = true;
    run.cancel();
    go_on_.set();
    finish(run);
  }

 private:
  const long most_;
  count_up made_;
  std::atomic<bool> gone_on_{false};
  event go_on_;
};

TEST(bound, of_one_edge_is_its_capacity_and_what_the_body_has) {
  for (const std::size_t threads : {2U, 3U}) {
    for (const std::size_t capacity : {1U, 7U, 1024U}) {
      for (const auto where : {place::cpu, place::blocking}) {
        standstill s(static_cast<long>(capacity) + 1);
        s.expect_filled(
            {"p", s.source(), consumer({.name = "sink", .capacity = capacity, .on = where}, [&](int) { s.stand(); })},
            threads);
      }
    }
  }
}

TEST(bound, of_several_workers_is_one_item_for_each) {
  for (const auto ordering : {order::any, order::kept}) {
    standstill s(8 + 4);
    s.expect_filled({"p", s.source(),
                     transform({.name = "mid", .workers = 4, .capacity = 8, .order = ordering, .on = place::blocking},
                               [&](int n) {
                                 s.stand();
                                 return n;
                               }),
                     consumer({.name = "sink"}, [](int) {})},
                    2);
  }
}

TEST(bound, of_a_batch_is_one_less_than_its_count) {
  standstill s(3 + 9 + 10 * (2 + 1));
  s.expect_filled({"p", s.source(), batch({.name = "page", .count = 10, .capacity = 3}),
                   consumer({.name = "sink", .capacity = 2}, [&](const std::vector<int>&) { s.stand(); })},
                  2);
}

}  // namespace
