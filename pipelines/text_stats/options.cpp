#include "options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <string_view>
#include <system_error>
#include <utility>

#include "exit_code.hpp"

namespace text_stats {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw failure(exit_code::usage, sentence + " (see penstock-text-stats --help)");
}

std::chrono::milliseconds duration_of(const std::string& option, const std::string& text) {
  constexpr std::pair<std::string_view, double> units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
  std::size_t end = 0;
  double number = -1;
  try {
    number = std::stod(text, &end);
  } catch (const std::logic_error&) {
  }
  for (const auto& [unit, milliseconds] : units)
    if (text.substr(end) == unit && number >= 0 && number * milliseconds < 1e12)
      return std::chrono::milliseconds(static_cast<std::int64_t>(number * milliseconds));
  refuse(fmt::format("{}: '{}' is no duration such as 500ms, 10s or 2m", option, text));
}

std::filesystem::path database_of(const std::string& target) {
  constexpr std::string_view scheme = "sqlite:";
  if (!target.starts_with(scheme) || target.size() == scheme.size())
    refuse(fmt::format("--to: '{}' is not sqlite:FILE", target));
  return target.substr(scheme.size());
}

void refuse_overwriting(const options& o) {
  std::error_code ignored;
  for (const auto& out : {o.summary, o.database}) {
    if (out.empty()) continue;
    for (const auto& root : o.roots)
      if (std::filesystem::equivalent(root, out, ignored))
        refuse(fmt::format("{} is to be counted and cannot be written as well", root));
  }
  const auto whole = [&](const std::filesystem::path& file) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file, ignored), ignored);
  };
  if (!o.summary.empty() && !o.database.empty() && whole(o.summary) == whole(o.database))
    refuse("the summary cannot go into the database file");
}

}  // namespace

std::optional<options> read_options(int argc, const char* const* argv) {
  options o;
  std::string summary, to, report = "text", drain_within = "10s";

  CLI::App app{"Counts the lines, words and characters of text files, as wc -lmw does, and how long words are.",
               "penstock-text-stats"};
  app.set_version_flag("--version", "penstock-text-stats 0.1.0");
  app.add_option("DIR", o.roots, "Directories, whose files are counted with those of their subdirectories; or files")
      ->required();
  app.add_option("--glob", o.glob, "Only files in directories whose name is like this: *, ?, [a-z]")
      ->capture_default_str();
  app.add_option("--summary", summary, "Write the counts of each file and the totals to this file, as JSON");
  app.add_option("--to", to, "Write the counts of each file to sqlite:FILE, table text_stats");
  app.add_option("--concurrency", o.concurrency, "Files that are read at once, and pieces of large files")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--report", report,
                 "What standard output gets: a line for each file and the totals; the totals; the totals as JSON")
      ->check(CLI::IsMember({"text", "totals", "json"}))
      ->capture_default_str();
  app.add_option("--drain-within", drain_within,
                 "After Ctrl-C or SIGTERM, how long files that were begun may take; a second one cancels")
      ->capture_default_str();
  app.footer("Exit codes:\n" + exit_code_table());
  app.get_formatter()->column_width(30);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    static_cast<void>(app.exit(asked));  // prints the help or the version
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    refuse(e.what());
  }

  if (o.glob.empty()) refuse("--glob: no name is like an empty pattern");
  if (o.glob.find('/') != std::string::npos)
    refuse(fmt::format("--glob: '{}' has a slash, but is compared with names without their directories", o.glob));
  for (const auto& root : o.roots)
    if (root.empty()) refuse("DIR: an empty name is no directory");
  if (app.count("--summary") > 0 && summary.empty()) refuse("--summary: an empty name is no file");
  o.summary = summary;
  if (app.count("--to") > 0) o.database = database_of(to);
  o.report = report == "json" ? report_form::json : report == "totals" ? report_form::totals : report_form::text;
  o.drain_within = duration_of("--drain-within", drain_within);
  refuse_overwriting(o);
  return o;
}

}  // namespace text_stats
