// penstock-fetch: many URLs, a JSON line of each. The job itself is declared in pipeline.hpp.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <iterator>
#include <string>

#include <penstock/penstock.hpp>

#include <common/command.hpp>
#include <common/quantities.hpp>
#include <common/status_line.hpp>

#include "exit_code.hpp"
#include "job.hpp"
#include "options.hpp"
#include "pipeline.hpp"

namespace {

using fetch::exit_code;
using namespace std::chrono_literals;

void complain(const std::string& sentence) { common::complain("penstock-fetch", sentence); }

std::string progress_text(const penstock::report& now, const fetch::job& work) {
  const auto well = work.into.well.load(std::memory_order_relaxed);
  const auto failed = work.into.failed.load(std::memory_order_relaxed);
  const double seconds = std::max(std::chrono::duration<double>(now.elapsed).count(), 1e-9);
  auto text = fmt::format("{} fetched  {} failed  {}/s  {}B", well, failed,
                          common::amount(static_cast<double>(well + failed) / seconds),
                          common::amount(static_cast<double>(work.into.bytes.load(std::memory_order_relaxed))));
  if (now.ended) return text;
  fmt::format_to(std::back_inserter(text), "  {} under way", now.stage("fetch").under_way);
  if (now.stop_requested) text += "  (stopping)";
  return text;
}

/// A connection is an open file, and as many as may be are taken.
void allow_open_files(fetch::options& how) {
  constexpr rlim_t others = 64;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return;
  files.rlim_cur = files.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max == RLIM_INFINITY) return;
  if (files.rlim_max < how.concurrency + others)
    throw fetch::failure(exit_code::usage,
                         fmt::format("--concurrency {} needs {} open files, and there may be {} (see ulimit -Hn)",
                                     how.concurrency, how.concurrency + others, files.rlim_max));
  how.client.max_connections = files.rlim_max - others;  // those that are kept are files as well
}

exit_code fetch_all(const fetch::options& how) {
  static auto* const signals = new common::outer_signals;
  fetch::job work(how);
  penstock::runtime machinery({.cpu_workers = 1});
  const auto run =
      machinery.start(fetch::fetch_urls(work), {.drain_within = how.drain_within, .signals = {SIGINT, SIGTERM}});
  if (signals->came()) run.stop();
  common::status_line progress(how.progress, 5s);
  while (!run.wait_for(progress.pace())) progress.show(progress_text(run.report(), work));
  const auto report = run.report();
  progress.finish(progress_text(report, work));
  const auto ending = work.into.finish(report, work.found);
  if (!ending.sentence.empty()) complain(ending.sentence);
  return ending.code;
}

}  // namespace

int main(int argc, char** argv) {
  common::occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // whoever read our output and left: the sentence says that it cannot be written
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is a failure with a sentence, as a full disk is
  try {
    auto how = fetch::read_options(argc, argv);
    if (how) allow_open_files(*how);
    return static_cast<int>(how ? fetch_all(*how) : exit_code::ok);
  } catch (...) {
    const auto why = fetch::explain(std::current_exception());
    complain(why.what());
    return static_cast<int>(why.code());
  }
}
