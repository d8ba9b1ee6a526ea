// penstock-bench: what a pipeline of some shape can do, and what limits it. The pipeline is declared in pipeline.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "exit_code.hpp"
#include "live_line.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "summary.hpp"

namespace {

void complain(const std::string& sentence) {
  const auto line = fmt::format("penstock-bench: {}\n", sentence);
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  const std::error_code why(errno, std::generic_category());
  throw bench::failure(bench::exit_code::output_unwritable, fmt::format("cannot write the report: {}", why.message()));
}

bool saw_nothing(const bench::measurement& m) { return m.limited.what == bench::limit::nothing_measured; }

bench::exit_code measure(const bench::options& how) {
  static auto* const conducting = new bench::conductor;  // to the very end: a late signal must not change the exit code
  bench::live_line live(how.live);
  std::vector<bench::measurement> all;
  for (const auto& which : how.variants) {
    if (conducting->signals() > 0) break;
    all.push_back(conducting->measure(how, which, live));
  }

  auto code = bench::exit_code::ok;
  std::string error;
  if (const int signals = conducting->signals(); signals > 0) {
    code = signals == 1 ? bench::exit_code::stopped : bench::exit_code::cancelled;
    error = signals == 1 ? "stopped by a signal" : "cancelled by a second signal";
    if (all.size() < how.variants.size())
      error += fmt::format("; {} of {} values were measured", all.size(), how.variants.size());
    complain(error);
  } else if (const auto none = std::ranges::count_if(all, saw_nothing); none > 0) {
    code = bench::exit_code::nothing_measured;
    error = "no item came through, so nothing was measured";
    if (all.size() > 1) error += fmt::format(", with {} of {} values", none, all.size());
    complain(error);
  }
  print(bench::summary(how, all, code, error));
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever read our output and left: the report says that it cannot be written
  try {
    const auto how = bench::read_options(argc, argv);
    return static_cast<int>(how ? measure(*how) : bench::exit_code::ok);
  } catch (...) {
    const auto why = bench::explain(std::current_exception());
    complain(why.what());
    return static_cast<int>(why.code());
  }
}
