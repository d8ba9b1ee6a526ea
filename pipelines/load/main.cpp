// penstock-load: CSV and NDJSON files into a table of SQLite or PostgreSQL. The job itself is declared in pipeline.hpp.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <penstock/penstock.hpp>

#include "csv_format.hpp"
#include "exit_code.hpp"
#include "job.hpp"
#include "ndjson_format.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "progress_line.hpp"
#include "summary.hpp"

namespace {

// A name may hold a line end, or worse for a terminal; the sentence stays one line. Nobody may be reading it.
void complain(const std::string& sentence) {
  std::string line = "penstock-load: ";
  for (const char c : sentence) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  line += '\n';
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

// A standard stream that was closed would be the number of the next file to be opened, which then took what is said to
// the user, or gave what was to come from him. What stands in can be neither read (0) nor written (1, 2).
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// A run hears signals while it lasts. Before, they must not get lost; after it, nothing may cut off the report.
class outer_signals {
 public:
  outer_signals() {
    set_.async_wait([this](boost::system::error_code, int) { came_ = true; });
  }

  /// Whether one came before the run could hear it.
  [[nodiscard]] bool came() {
    context_.poll();
    return came_;
  }

  /// Kept to the very end of the process: there too a signal would change the exit code.
  static outer_signals& kept() {
    static auto* const one = new outer_signals;
    return *one;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::signal_set set_{context_, SIGINT, SIGTERM};
  bool came_ = false;
};

penstock::report run_to_its_end(load::job& work) {
  auto& signals = outer_signals::kept();
  penstock::runtime machinery({.cpu_workers = work.how.workers});
  const auto run =
      machinery.start(work.from.format == load::file_format::csv ? load::load_table<load::csv_format>(work)
                                                                 : load::load_table<load::ndjson_format>(work),
                      {.drain_within = work.how.drain_within, .signals = {SIGINT, SIGTERM}});
  if (signals.came()) run.stop();
  load::progress_line progress(work.how.progress, work);
  while (!run.wait_for(progress.pace())) progress.show(run.report());
  auto report = run.report();
  progress.finish(report);
  return report;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  const std::error_code why(errno, std::generic_category());
  throw load::failure(load::exit_code::output_unwritable,
                      fmt::format("cannot write the report, but all is as it would have said: {}", why.message()));
}

// What the next load of these inputs has to know: that this one came to its end.
void record_the_end(load::job& work, const penstock::report& report, load::ending& ending) {
  const bool loaded = report.state() == penstock::end_state::completed;
  // A stop on the way to the place where the load goes on has changed nothing.
  const bool stopped = report.state() == penstock::end_state::stopped && work.rows.read > 0;
  if (work.already_loaded || work.done.id == 0 || (!loaded && !stopped)) return;
  try {
    auto end = work.done;
    end.state = loaded ? load::load_state::loaded : load::load_state::stopped;
    work.to->record(work.done, end);
  } catch (...) {
    const auto why = load::explain(std::current_exception());
    if (loaded) ending = {why.code(), fmt::format("{}; all rows are committed", why.what())};
  }
}

load::exit_code load_files(const load::options& how) {
  load::job work(how);
  const auto report = run_to_its_end(work);
  auto ending = load::ending_of(report, work);
  record_the_end(work, report, ending);
  // A load that was given up must not wait for another writer once more, only to tidy the log.
  const bool given_up = report.state() > penstock::end_state::stopped;
  if (given_up) work.to->give_up_waiting();
  try {
    work.to->close();
  } catch (...) {
    const auto why = load::explain(std::current_exception());
    if (ending.code == load::exit_code::ok) ending = {why.code(), why.what()};
  }
  if (!ending.sentence.empty()) complain(ending.sentence);
  if (work.already_loaded) complain(load::note_of(work));
  print(load::summary(report, work, ending));
  return ending.code;
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // whoever read our output and left must not end a load
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is a failure with a sentence, as a full disk is
  try {
    const auto how = load::read_options(argc, argv);
    return static_cast<int>(how ? load_files(*how) : load::exit_code::ok);
  } catch (...) {
    const auto why = load::explain(std::current_exception());
    complain(why.what());
    return static_cast<int>(why.code());
  }
}
