#include "measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <functional>
#include <thread>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <penstock/runtime/runtime.hpp>

#include "exit_code.hpp"
#include "pipeline.hpp"
#include "tallies.hpp"

namespace bench {
namespace {

/// Every item that was not dropped on its way has come, once, and holds what was written into it.
void check(const measurement& m, const consumed& found) {
  const auto items = m.last.stage(consume_stage).done;
  std::string what;
  if (!m.last.balanced()) what = "the counts of the run do not add up";
  if (found.count != items) what = fmt::format("{} items were consumed, and {} counted", found.count, items);
  if (found.wrong > 0) what = fmt::format("{} items do not hold what was written into them", found.wrong);
  const auto all = m.of.what.items;
  const auto sum = all % 2 == 0 ? all / 2 * (all - 1) : (all - 1) / 2 * all;  // of 0, 1, …, all - 1, modulo 2^64
  if (m.last.ok() && (items != all || found.sum != sum))
    what = fmt::format("{} of {} items were consumed, or some twice", items, all);
  if (!what.empty()) throw failure(exit_code::internal, "a defect: " + what);
}

/// The picture of a run that is about to be stopped, to be shown as the whole.
penstock::report as_it_ended(penstock::report r) {
  r.ended = true;
  r.outcome = penstock::end_state::stopped;
  count_what_is_under_way(r);
  for (auto& stage : r.stages) stage.under_way = 0;
  return r;
}

/// Of this process, all threads.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

std::uint64_t measurement::dropped() const {
  return last.stage(produce_stage).emitted - last.stage(consume_stage).done;
}

double measurement::seconds() const { return std::chrono::duration<double>(measured.elapsed).count(); }

conductor::conductor() {
  set_.add(SIGINT);
  set_.add(SIGTERM);
  hear();
}

void conductor::hear() {
  set_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    ++signals_;
    if (run_ != nullptr) {
      if (signals_ == 1) {
        stop(*run_);
      } else {
        run_->cancel();
      }
    }
    hear();
  });
}

int conductor::signals() {
  loop_.restart();
  loop_.poll();
  return signals_;
}

void conductor::stop(const penstock::run& run) {
  if (!std::exchange(stopped_, true)) {
    at_stop_ = run.report();
    cpu_at_stop_ = cpu_seconds();
  }
  run.drain(drain_within_);
}

measurement conductor::measure(const options& how, const variant& which, live_line& live) {
  measurement m;
  m.of = which;
  tallies found;
  const auto p = declare(which.what, found);
  penstock::runtime machinery({.cpu_workers = which.what.threads});
  m.on.cpu_workers = machinery.cpu_workers();
  m.on.cores = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);

  drain_within_ = how.drain_within;
  stopped_ = false;
  loop_.restart();
  cpu_before_ = cpu_seconds();
  const auto run = machinery.start(p);
  run_ = &run;
  run.async_wait(boost::asio::bind_executor(loop_, [&](penstock::report last) {
    m.last = std::move(last);
    loop_.stop();
  }));
  bool over = false;
  boost::asio::steady_timer end(loop_);
  if (how.lasts) {
    end.expires_after(*how.lasts);
    end.async_wait([&](boost::system::error_code error) {
      if (!error && !over) stop(run);
    });
  }
  boost::asio::steady_timer tick(loop_);
  const std::function<void()> show = [&] {
    if (live.pace() == penstock::duration::max()) return;
    tick.expires_after(live.pace());
    tick.async_wait([&](boost::system::error_code error) {
      if (error || over) return;
      live.show(run.report());
      show();
    });
  };
  live.begin(how.swept.empty() ? "" : fmt::format("{} {}:  ", how.swept, which.value));
  show();
  loop_.run();
  run_ = nullptr;
  // A timer that rang just now would find its run gone when the loop goes on.
  over = true;
  end.cancel();
  tick.cancel();
  loop_.restart();
  loop_.poll();
  live.finish();

  m.last.rethrow();
  m.on.cpu_seconds = (stopped_ ? cpu_at_stop_ : cpu_seconds()) - cpu_before_;
  m.measured = stopped_ ? as_it_ended(std::move(at_stop_)) : m.last;
  const auto total = found.total();
  m.latency = total.latency;
  check(m, total);
  m.limited = what_limits(m.measured, which.what, m.on);
  return m;
}

}  // namespace bench
