#include "results.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <penstock/connectors/files.hpp>
#include <penstock/connectors/sqlite.hpp>

namespace text_stats {
namespace {

namespace sqlite = penstock::sqlite;
using json = nlohmann::ordered_json;

// A name is the user's, and a line or a terminal has no place for everything in it.
void append_name(fmt::memory_buffer& line, const std::string& name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(fmt::appender(line), "\\x{:02x}", byte);
    } else {
      line.push_back(c);
    }
  }
}

void write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  const std::error_code why(errno, std::generic_category());
  throw failure(exit_code::output_unwritable, fmt::format("cannot write the report: {}", why.message()));
}

json as_json(const counts& sum) {
  const auto average = sum.average_word_length();
  return {{"lines", sum.lines},
          {"words", sum.words},
          {"characters", sum.characters},
          {"bytes", sum.bytes},
          {"average_word_length", average ? json(*average) : json()}};
}

// Names are the user's: what is not UTF-8 in them is replaced, so that the rest can still be read.
std::string dumped(const json& value, int indent = -1) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void complain(const std::string& sentence) {
  fmt::memory_buffer line;
  line.append(std::string_view("penstock-text-stats: "));
  append_name(line, sentence);
  line.push_back('\n');
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

/// The table text_stats holds the counts of the last run.
class results::table {
 public:
  explicit table(const std::filesystem::path& file) : database_(file, {.cache_bytes = std::size_t{8} << 20}) {
    sqlite::ensure_table(database_, "text_stats",
                         {{.name = "path", .type = "TEXT"},
                          {.name = "lines", .type = "INTEGER"},
                          {.name = "words", .type = "INTEGER"},
                          {.name = "characters", .type = "INTEGER"},
                          {.name = "bytes", .type = "INTEGER"},
                          {.name = "average_word_length", .type = "REAL"},
                          {.name = "error", .type = "TEXT"}});
    database_.execute("DELETE FROM text_stats");
    insert_.emplace(database_, "text_stats");
  }

  void add(const file_counts& file) {
    if (file) {
      const auto stored = [](std::uint64_t n) { return std::optional<std::int64_t>(static_cast<std::int64_t>(n)); };
      rows_.emplace_back(file.path(), stored(file->lines), stored(file->words), stored(file->characters),
                         stored(file->bytes), file->average_word_length(), std::nullopt);
    } else {
      rows_.emplace_back(file.path(), std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                         file.failure().what);
    }
    if (rows_.size() == 4096) flush();
  }

  void close() {
    flush();
    database_.close();
  }

 private:
  void flush() {
    if (!rows_.empty()) insert_->insert(rows_);
    rows_.clear();
  }

  using number = std::optional<std::int64_t>;
  using row =
      std::tuple<std::string, number, number, number, number, std::optional<double>, std::optional<std::string>>;

  sqlite::database database_;
  std::optional<sqlite::inserter> insert_;
  std::vector<row> rows_;
};

/// One JSON object: an entry for each file, a line each, and the totals. It grows in a temporary file and is put in
/// place when it is whole.
class results::summary {
 public:
  explicit summary(const std::filesystem::path& path) : content_(path) { content_.append("{\n\"files\": ["); }

  void add(const file_counts& file) {
    json entry{{"path", file.path()}};
    if (file) {
      entry.update(as_json(*file));
    } else {
      entry["error"] = file.failure().what;
    }
    content_.append(first_ ? "\n" : ",\n");
    content_.append(dumped(entry));
    first_ = false;
  }

  void close(const json& rest) {
    content_.append("\n],\n");
    content_.append(dumped(rest).substr(1));  // without its brace, as ours is open
    content_.append("\n");
    content_.commit();
  }

 private:
  penstock::files::replacement content_;
  bool first_ = true;
};

namespace {

// What fails in the summary is no failure of an input.
template <class F>
void as_output(F&& call) {
  try {
    call();
  } catch (const std::system_error& e) {
    throw failure(exit_code::output_unwritable, e.what());
  }
}

}  // namespace

results::results(const options& how) : how_(how) {
  if (!how.summary.empty()) as_output([&] { summary_ = std::make_unique<summary>(how.summary); });
  if (!how.database.empty()) table_ = std::make_unique<table>(how.database);
}

results::~results() = default;

void results::add(const file_counts& file) {
  if (file) {
    ++counted_;
    total_ += *file;
    if (how_.report == report_form::text) print_line(*file, file.path());
  } else {
    ++unreadable_;
    complain(file.failure().what);
  }
  if (table_) table_->add(file);
  if (summary_) as_output([&] { summary_->add(file); });
}

void results::print_line(const counts& sum, const std::string& name) {
  fmt::format_to(fmt::appender(lines_), "{:>7} {:>7} {:>7} {:>5.2f} ", sum.lines, sum.words, sum.characters,
                 sum.average_word_length().value_or(0));
  append_name(lines_, name);
  lines_.push_back('\n');
  if (lines_.size() > (std::size_t{64} << 10)) flush();
}

void results::flush() {
  write({lines_.data(), lines_.size()});
  lines_.clear();
}

ending results::ending_of(const penstock::report& run) const {
  const auto so_far = fmt::format("{} files are counted", counted_);
  switch (run.state()) {
    case penstock::end_state::completed: break;
    case penstock::end_state::stopped: return {exit_code::stopped, "stopped by a signal; " + so_far};
    case penstock::end_state::cancelled:
      if (run.reason == penstock::stop_reason::deadline)
        return {exit_code::cancelled, "stopped by a signal, and cancelled because the drain took too long; " + so_far};
      return {exit_code::cancelled, "cancelled by a second signal; " + so_far};
    case penstock::end_state::failed: {
      const auto why = explain(run.first_failure);
      return {why.code(), fmt::format("{}; {}", why.what(), so_far)};
    }
  }
  // A sentence for each was said when it was come upon.
  return {unreadable_ > 0 ? exit_code::input_unreadable : exit_code::ok, {}};
}

ending results::finish(const penstock::report& run, std::uint64_t found) {
  auto how = ending_of(run);
  const auto not_counted = found - counted_ - unreadable_;
  json rest{{"files_found", found},
            {"files_counted", counted_},
            {"files_unreadable", unreadable_},
            {"files_not_counted", not_counted},
            {"totals", as_json(total_)},
            {"exit_code", static_cast<int>(how.code)},
            {"error", how.sentence.empty() ? json() : json(how.sentence)},
            {"seconds", std::chrono::duration<double>(run.elapsed).count()},
            {"run", json::parse(run.json())}};
  if (table_) {
    try {
      table_->close();
    } catch (...) {
      const auto why = explain(std::current_exception());
      if (how.code == exit_code::ok || how.code == exit_code::input_unreadable) how = {why.code(), why.what()};
      rest["exit_code"] = static_cast<int>(how.code);
      rest["error"] = how.sentence;
    }
  }
  if (summary_) as_output([&] { summary_->close(rest); });
  if (how_.report == report_form::json) {
    write(dumped(rest, 2) + '\n');
    return how;
  }
  if (how_.report == report_form::totals || found != 1) print_line(total_, "total");
  fmt::format_to(fmt::appender(lines_), "{} file{} found = {} counted + {} unreadable", found, found == 1 ? "" : "s",
                 counted_, unreadable_);
  if (not_counted > 0) fmt::format_to(fmt::appender(lines_), " + {} not counted", not_counted);
  lines_.push_back('\n');
  flush();
  return how;
}

}  // namespace text_stats
