// penstock-text-stats: lines, words and characters of text files. The job itself is declared in pipeline.hpp.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <penstock/penstock.hpp>

#include "exit_code.hpp"
#include "job.hpp"
#include "options.hpp"
#include "pipeline.hpp"

namespace {

using text_stats::exit_code;

// A standard stream that was closed would be the number of the next file to be opened, which then took what is said to
// the user. What stands in can be neither read (0) nor written (1, 2).
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// A run hears signals while it lasts. Before, they must not get lost; after it, nothing may cut off the report: so
/// this is kept to the very end of the process.
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

 private:
  boost::asio::io_context context_;
  boost::asio::signal_set set_{context_, SIGINT, SIGTERM};
  bool came_ = false;
};

exit_code count(const text_stats::options& how) {
  static auto* const signals = new outer_signals;
  text_stats::job work(how);
  penstock::runtime machinery({.cpu_workers = 1});
  const auto run =
      machinery.start(text_stats::count_files(work), {.drain_within = how.drain_within, .signals = {SIGINT, SIGTERM}});
  if (signals->came()) run.stop();
  const auto report = run.wait();
  const auto ending = work.into.finish(report, work.found);
  if (!ending.sentence.empty()) text_stats::complain(ending.sentence);
  return ending.code;
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // whoever read our output and left: the report says that it cannot be written
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is a failure with a sentence, as a full disk is
  try {
    const auto how = text_stats::read_options(argc, argv);
    return static_cast<int>(how ? count(*how) : exit_code::ok);
  } catch (...) {
    const auto why = text_stats::explain(std::current_exception());
    text_stats::complain(why.what());
    return static_cast<int>(why.code());
  }
}
