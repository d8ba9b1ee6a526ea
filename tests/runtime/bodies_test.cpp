// Which copy of a body a worker uses, and running one declaration many times.
#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

/// What happened to the bodies of a stage.
struct lives {
  std::atomic<int> made{0};
  std::atomic<int> gone{0};
  std::atomic<int> finished{0};
  std::atomic<int> calls{0};
  std::atomic<int> calls_after_finish{0};
  std::atomic<int> shared_by_threads{0};
};

/// A move-only body with a life that is counted.
class counted_body {
 public:
  explicit counted_body(lives& l) : lives_(&l) { ++l.made; }
  counted_body(counted_body&& other) noexcept : lives_(std::exchange(other.lives_, nullptr)) {}
  counted_body& operator=(counted_body&&) = delete;
  ~counted_body() {
    if (lives_ != nullptr) ++lives_->gone;
  }
  int operator()(int n) {
    if (inside_.exchange(true)) ++lives_->shared_by_threads;
    ++lives_->calls;
    if (finished_) ++lives_->calls_after_finish;
    inside_.store(false);
    return n;
  }
  void finish(context& c) {
    EXPECT_FALSE(c.stage().empty());
    finished_ = true;
    ++lives_->finished;
  }

 private:
  lives* lives_;
  std::atomic<bool> inside_{false};
  bool finished_ = false;
};

/// The same for a consumer, and for coroutines.
struct counted_sink : counted_body {
  using counted_body::counted_body;
  void operator()(int n) { counted_body::operator()(n); }
};
struct counted_coroutine : counted_body {
  using counted_body::counted_body;
  asio::awaitable<int> operator()(int n) {
    co_await async_sleep(0s);
    co_return counted_body::operator()(n);
  }
};
struct counted_source {
  explicit counted_source(lives& l, int e) : body(l), end(e) {}
  std::optional<int> operator()() {
    if (n == end) return std::nullopt;
    return body(n++);
  }
  void finish(context& c) { body.finish(c); }
  counted_body body;
  int end;
  int n = 0;
};
struct counted_async_source : counted_source {
  using counted_source::counted_source;
  asio::awaitable<std::optional<int>> operator()() { co_return counted_source::operator()(); }
};

template <class Body>
auto of(lives& l) {
  return per_worker([&l] { return Body(l); });
}

TEST(per_worker, makes_a_body_for_each_worker_and_run_and_finishes_it_once_after_its_last_item) {
  for (const std::size_t workers : {1U, 4U}) {
    for (const auto where : {place::cpu, place::blocking}) {
      for (const auto ordering : {order::any, order::kept}) {
        std::array<lives, 6> l;
        runtime rt({.cpu_workers = 2});
        const pipeline line{
            "made",
            producer({.name = "a", .on = where}, per_worker([&] { return counted_source(l[0], 500); })),
            transform({.name = "b", .workers = workers, .order = ordering, .on = where}, of<counted_body>(l[1])),
            filter({.name = "c", .workers = workers, .order = ordering, .on = where},
                   per_worker([&] { return [b = counted_body(l[2])](const int& n) mutable { return b(n) >= 0; }; })),
            async_transform({.name = "d", .workers = workers, .order = ordering}, of<counted_coroutine>(l[3])),
            transform({.name = "e", .workers = workers, .on = where}, of<counted_body>(l[4])),
            consumer({.name = "f", .workers = workers, .on = where}, of<counted_sink>(l[5]))};
        EXPECT_EQ(l[0].made, 0) << "nothing is made by the declaration";
        for (int run = 1; run <= 3; ++run) {
          EXPECT_TRUE(finish(rt, line).ok());
          for (std::size_t i = 0; i < l.size(); ++i) {
            SCOPED_TRACE("stage " + std::to_string(i));
            const int here = i == 0 ? 1 : static_cast<int>(workers);
            EXPECT_EQ(l[i].made, here * run);
            EXPECT_EQ(l[i].gone, here * run) << "nothing is left after the run";
            EXPECT_EQ(l[i].finished, i == 2 ? 0 : here * run);
            EXPECT_EQ(l[i].calls, 500 * run);
            EXPECT_EQ(l[i].calls_after_finish, 0);
            EXPECT_EQ(l[i].shared_by_threads, 0);
          }
        }
      }
    }
  }
}

TEST(per_worker, finishes_its_bodies_after_a_stop_and_not_after_a_cancel_or_a_failure) {
  for (const auto how : {end_state::stopped, end_state::cancelled, end_state::failed}) {
    for (const std::size_t workers : {1U, 3U}) {
      std::array<lives, 4> l;
      runtime rt({.cpu_workers = 2});
      std::atomic<long> seen{0};
      const pipeline line{"ends",
                          async_producer({.name = "a"}, per_worker([&] { return counted_async_source(l[0], -1); })),
                          transform({.name = "b", .workers = workers}, of<counted_body>(l[1])),
                          async_transform({.name = "c", .workers = workers}, of<counted_coroutine>(l[2])),
                          transform({.name = "d", .workers = workers, .on = place::blocking}, of<counted_body>(l[3])),
                          consumer({.name = "sink"}, [&](int, context& c) {
                            if (++seen != 100) return;
                            if (how == end_state::stopped) c.stop();
                            if (how == end_state::cancelled) c.cancel();
                            if (how == end_state::failed) throw std::runtime_error("now");
                          })};
      EXPECT_EQ(finish(rt, line).state(), how);
      for (std::size_t i = 0; i < l.size(); ++i) {
        SCOPED_TRACE("stage " + std::to_string(i));
        EXPECT_EQ(l[i].gone, l[i].made);
        EXPECT_EQ(l[i].finished, how == end_state::stopped ? l[i].made.load() : 0);
      }
    }
  }
}

TEST(per_worker, whose_finish_throws_fails_the_run) {
  struct bad {
    int operator()(int n) { return n; }
    void finish(context&) { throw std::out_of_range("at the end"); }
  };
  runtime rt({.cpu_workers = 2});
  for (const std::size_t workers : {1U, 3U}) {
    for (const auto ordering : {order::any, order::kept}) {
      const auto r = finish(rt, {"bad end", producer({.name = "count"}, std::views::iota(0, 100)),
                                 transform({.name = "bad", .workers = workers, .order = ordering, .on_error = skip},
                                           per_worker([] { return bad(); })),
                                 consumer({.name = "sink"}, [](int) {})});
      EXPECT_EQ(r.state(), end_state::failed) << "there is no item to skip";
      EXPECT_THROW(r.rethrow(), std::out_of_range);
      EXPECT_FALSE(r.errors.at(0).of_item);
      EXPECT_EQ(r.stage("bad").failed, 0U);
    }
  }
}

TEST(per_worker, whose_factory_throws_refuses_the_start_and_nothing_is_left) {
  lives before, after;
  std::atomic<int> factory_calls{0};
  runtime rt({.cpu_workers = 2});
  for (const bool awaits : {false, true}) {
    const auto third_is_bad = [&] {
      if (++factory_calls % 3 == 0) throw std::out_of_range("no more");
      return counted_coroutine(before);
    };
    const auto third_plain_is_bad = [&] {
      if (++factory_calls % 3 == 0) throw std::out_of_range("no more");
      return counted_body(before);
    };
    const auto source = producer({.name = "count"}, per_worker([&] { return counted_source(before, 10); }));
    const auto sink = consumer({.name = "sink", .on = place::blocking}, of<counted_sink>(after));
    const auto line = awaits ? pipeline{"refused", source,
                                        async_transform({.name = "bad", .workers = 4}, per_worker(third_is_bad)), sink}
                             : pipeline{"refused", source,
                                        transform({.name = "bad", .workers = 4}, per_worker(third_plain_is_bad)), sink};
    EXPECT_THROW(static_cast<void>(rt.start(line)), std::out_of_range);
    EXPECT_THROW(static_cast<void>(rt.run(line)), std::out_of_range);
    EXPECT_EQ(before.made, before.gone);
    EXPECT_EQ(before.calls, 0);
    EXPECT_EQ(after.made, 0);
  }
  EXPECT_TRUE(finish(rt, {"still works", producer({.name = "count"}, std::views::iota(0, 10)),
                          consumer({.name = "sink"}, [](int) {})})
                  .ok());
}

/// Copies are counted; the call operator is const or not.
template <bool Const>
class copied {
 public:
  explicit copied(std::atomic<int>& copies) : copies_(&copies) {}
  copied(const copied& other) : copies_(other.copies_) { ++*copies_; }
  copied(copied&& other) noexcept = default;
  int operator()(int n) const
    requires Const
  {
    return n;
  }
  int operator()(int)
    requires(!Const)
  {
    return calls_++;
  }

 private:
  std::atomic<int>* copies_;
  int calls_ = 0;
};

TEST(body, that_is_const_is_shared_and_any_other_is_copied_for_each_worker_and_run) {
  runtime rt({.cpu_workers = 2});
  std::atomic<int> shared{0}, own{0};
  const pipeline line{"copies", producer({.name = "count"}, std::views::iota(0, 100)),
                      transform({.name = "shared", .workers = 3}, copied<true>(shared)),
                      transform({.name = "own", .workers = 3}, copied<false>(own)),
                      consumer({.name = "sink"}, [](int) {})};
  shared = own = 0;
  finish(rt, line);
  finish(rt, line);
  EXPECT_EQ(shared, 0);
  EXPECT_EQ(own, 6);
}

TEST(body, that_is_mutable_starts_afresh_in_every_run) {
  runtime rt({.cpu_workers = 2});
  std::mutex lock;
  std::multiset<int> last;
  const pipeline line{
      "afresh",
      producer({.name = "count"},
               [n = 0]() mutable -> std::optional<int> { return n == 50 ? std::nullopt : std::optional(n++); }),
      transform({.name = "calls"}, [calls = 0](int) mutable { return ++calls; }),
      consumer({.name = "sink"}, [&](int n) {
        if (n < 50) return;
        const std::lock_guard hold(lock);
        last.insert(n);
      })};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(finish(rt, line).ok());
  EXPECT_EQ(last.size(), 10U);
  EXPECT_EQ(last.count(50), 10U);
}

TEST(pipeline, may_run_many_times_and_several_times_at_once) {
  runtime rt({.cpu_workers = 2});
  std::atomic<long> sum{0};
  const pipeline line{"again", producer({.name = "count"}, std::vector{1, 2, 3, 4}),
                      async_transform({.name = "wait"},
                                      [](int n) -> asio::awaitable<int> {
                                        co_await async_sleep(0s);
                                        co_return n;
                                      }),
                      consumer({.name = "sink", .on = place::blocking}, [&](int n) { sum += n; })};
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(finish(rt, line).ok());
  std::vector<run> at_once;
  for (int i = 0; i < 50; ++i) at_once.push_back(rt.start(line));
  for (const auto& r : at_once) EXPECT_TRUE(finish(r).ok());
  EXPECT_EQ(sum, 250 * 10);
}

TEST(pipeline, may_be_copied_moved_and_destroyed_while_it_runs) {
  runtime rt({.cpu_workers = 2});
  event inside, go_on;
  std::atomic<long> sum{0};
  auto original = std::make_unique<pipeline>(
      "value", producer({.name = "count"}, std::vector{1, 2, 3, 4}),
      transform({.name = "wait"},
                [&, text = std::string("captured, and longer than what fits inside")](int n) {
                  inside.set();
                  go_on.wait();
                  return text.empty() ? 0 : n;
                }),
      consumer({.name = "sink"}, [&](int n) { sum += n; }));
  const auto copy = *original;
  const auto first = rt.start(*original);
  inside.wait();
  auto moved = std::move(*original);
  original.reset();
  const auto second = rt.start(moved);
  moved = pipeline("other", producer({.name = "count"}, std::vector<int>{}), consumer({.name = "sink"}, [](int) {}));
  go_on.set();
  EXPECT_TRUE(finish(first).ok());
  EXPECT_TRUE(finish(second).ok());
  EXPECT_TRUE(finish(rt, copy).ok());
  EXPECT_TRUE(finish(rt, moved).ok());
  EXPECT_EQ(sum, 30);
}

TEST(pipeline, that_cannot_work_is_refused_by_name_before_anything_runs) {
  runtime rt({.cpu_workers = 1});
  const auto source = producer({.name = "count"}, [](context&) -> std::optional<int> {
    ADD_FAILURE() << "something ran";
    return std::nullopt;
  });
  const auto sink = consumer({.name = "sink"}, [](int) {});
  const auto same = [](int n) { return n; };
  const std::vector<std::pair<pipeline, std::string>> bad{
      {{"p", source, transform({.name = "mid", .workers = 0}, same), sink}, "'mid'"},
      {{"p", source, transform({.name = "mid", .capacity = 0}, same), sink}, "'mid'"},
      {{"p", source, transform({.name = "sink"}, same), sink}, "'sink'"},
      {{"p", source, transform({.name = ""}, same), sink}, "stage 1"},
      {{"p", source, transform({.name = "mid", .workers = 4, .order = order::kept, .window = 3}, same), sink}, "'mid'"},
      {{"p", source, batch({.name = "mid", .count = 0}), consumer({.name = "sink"}, [](const std::vector<int>&) {})},
       "'mid'"},
      {{"p", source, batch({.name = "mid", .within = 0s}), consumer({.name = "sink"}, [](const std::vector<int>&) {})},
       "'mid'"},
  };
  for (const auto& [line, name] : bad) {
    EXPECT_THROW(line.check(), declaration_error);
    try {
      static_cast<void>(rt.run(line));
      ADD_FAILURE();
    } catch (const declaration_error& e) {
      EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
    }
  }
}

}  // namespace
