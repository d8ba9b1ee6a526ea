// Pipelines that are large, and what a runtime leaves behind: no thread, and not a word on stderr.
#include <fcntl.h>
#include <unistd.h>
#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

long threads_now() {
  return static_cast<long>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

/// A joined thread may still be listed for a moment, until the kernel has let go of it.
void expect_threads(long expected) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (threads_now() != expected && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(threads_now(), expected);
}

template <class Body>
auto many(std::size_t count, Body body, transform_options like = {}) {
  std::vector<decltype(transform({}, body))> all;
  for (std::size_t i = 0; i < count; ++i) {
    auto options = like;
    options.name = "stage " + std::to_string(i);
    all.push_back(transform(std::move(options), body));
  }
  return sequence(std::move(all));
}

TEST(pipeline, of_a_thousand_stages_of_capacity_one_runs_on_one_thread) {
  const auto before = threads_now();
  {
    runtime rt({.cpu_workers = 1});
    std::vector<int> got;
    const pipeline line{"long", producer({.name = "count"}, std::views::iota(0, 300)),
                        many(1000, [](int n) { return n + 1; }, {.name = {}, .capacity = 1}),
                        consumer({.name = "sink", .capacity = 1}, [&](int n) {
                          if (n == 1000) {
                            EXPECT_EQ(threads_now(), before + 1);
                          }
                          got.push_back(n);
                        })};
    const auto r = finish(rt, line);
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.stages.size(), 1002U);
    EXPECT_TRUE(std::ranges::equal(got, std::views::iota(1000, 1300)));
    for (const auto& edge : r.edges) EXPECT_EQ(edge.peak, 1U);
  }
  expect_threads(before);
}

TEST(pipeline, of_a_thousand_stages_ends_wherever_a_cancel_finds_it) {
  runtime rt({.cpu_workers = 2});
  for (const int at : {0, 1, 50}) {
    const auto r = finish(rt, {"long", producer({.name = "count"}, endless()),
                               many(1000, [](int n) { return n; }, {.name = {}, .capacity = 1}),
                               consumer({.name = "sink", .capacity = 1}, [&](int n, context& c) {
                                 if (n == at) c.cancel();
                               })});
    EXPECT_EQ(r.state(), end_state::cancelled);
  }
}

TEST(pipeline, of_a_hundred_parallel_stages_runs_on_one_thread_and_on_two) {
  for (const std::size_t threads : {1U, 2U}) {
    for (const auto ordering : {order::any, order::kept}) {
      runtime rt({.cpu_workers = threads});
      long sum = 0;
      const auto r =
          finish(rt, {"wide", producer({.name = "count"}, std::views::iota(0, 500)),
                      many(100, [](int n) { return n; }, {.name = {}, .workers = 3, .capacity = 2, .order = ordering}),
                      consumer({.name = "sink"}, [&](int n) { sum += n; })});
      EXPECT_TRUE(r.ok());
      EXPECT_EQ(sum, 499 * 250);
    }
  }
}

pipeline all_places(std::atomic<long>& sum) {
  return {"all",
          producer({.name = "count", .on = place::blocking}, std::views::iota(0, 200)),
          transform({.name = "blocking", .workers = 3, .on = place::blocking}, [](int n) { return n; }),
          async_transform({.name = "async"},
                          [](int n) -> asio::awaitable<int> {
                            co_await async_sleep(0s);
                            co_return n;
                          }),
          transform({.name = "cpu", .workers = 2}, [](int n) { return n; }),
          consumer({.name = "sink"}, [&](int n) { sum += n; })};
}

TEST(threads, of_blocking_bodies_are_gone_when_the_wait_returns_and_all_others_with_the_runtime) {
  const auto before = threads_now();
  for (int i = 0; i < 20; ++i) {
    {
      std::atomic<long> sum{0};
      runtime rt({.cpu_workers = 2});
      expect_threads(before + 2);
      const auto line = all_places(sum);
      const auto a = rt.start(line);
      const auto b = rt.start(line);
      finish(a);
      finish(b);
      expect_threads(before + 3);
      const auto stuck = rt.start({"drained", producer({.name = "count"}, endless()),
                                   consumer({.name = "sink"}, [](int, context& c) { wait_until_told(c); })});
      stuck.drain(1ms);
      finish(stuck);
      expect_threads(before + 3);
    }
    expect_threads(before);
  }
}

TEST(threads, for_io_are_not_started_by_a_pipeline_without_async_stages) {
  const auto before = threads_now();
  runtime rt({.cpu_workers = 1});
  queue<int> q(4);
  count_up got;
  const auto run =
      rt.start({"plain", producer({.name = "queue"}, q), batch({.name = "page", .count = 10, .within = 1ms}),
                consumer({.name = "sink"}, [&](const std::vector<int>&) { got.add(); })});
  int item = 1;
  ASSERT_TRUE(q.put(std::move(item)));
  got.wait_for(1);
  expect_threads(before + 1);
  q.close();
  finish(run);
}

/// What is written to the file descriptor of stderr while this lives.
class stderr_capture {
 public:
  stderr_capture() : kept_(::dup(STDERR_FILENO)), file_(std::tmpfile()) { ::dup2(::fileno(file_), STDERR_FILENO); }
  ~stderr_capture() {
    restore();
    std::fclose(file_);
  }
  std::string text() {
    std::fflush(stderr);
    restore();
    std::string all;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) all.push_back(static_cast<char>(c));
    return all;
  }

 private:
  void restore() {
    if (kept_ < 0) return;
    ::dup2(kept_, STDERR_FILENO);
    ::close(std::exchange(kept_, -1));
  }
  int kept_;
  std::FILE* file_;
};

TEST(runtime, writes_nothing_to_stderr) {
  stderr_capture capture;
  for (const std::size_t threads : {0U, 1U, 2U, 64U}) {
    runtime rt({.cpu_workers = threads});
    std::atomic<long> sum{0};
    finish(rt, all_places(sum));
    const auto failing = rt.start({"fails", producer({.name = "count"}, endless()),
                                   async_consumer({.name = "sink"}, [](int) -> asio::awaitable<void> {
                                     throw std::runtime_error("not to be printed");
                                     co_return;
                                   })});
    finish(failing);
    const auto left_alone =
        rt.start({"endless", producer({.name = "count"}, endless()), consumer({.name = "sink"}, [](int) {})});
  }
  EXPECT_EQ(capture.text(), "");
}

}  // namespace
