#include "options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <thread>

#include "exit_code.hpp"
#include "inputs.hpp"
#include "written_name.hpp"

namespace load {
namespace {

// The words are checked by CLI11, so each is one of the list.
template <class T>
T chosen(const std::string& word, std::initializer_list<std::pair<std::string_view, T>> list) {
  for (const auto& [name, value] : list)
    if (name == word) return value;
  throw failure(exit_code::internal, "a word that was checked is unknown: " + word);
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw failure(exit_code::usage, sentence + " (see penstock-load --help)");
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

char delimiter_of(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() != 1 || text == "\n" || text == "\r" || text == "\"")
    refuse(fmt::format("--delimiter: '{}' is not a single character that can be one (a tab is written tab)", text));
  return text.front();
}

// As libpq reads the URI. Its own words for a mistake would repeat parts of it, and so perhaps of a password.
std::string database_of(const std::string& uri) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(uri.c_str(), &why),
                                                                            &PQconninfoFree);
  PQfreemem(why);
  if (!parsed)
    refuse(
        "--to: this is no URI of PostgreSQL; it is written postgres://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE, and "
        "a special character of a part as %XX");
  for (const auto* each = parsed.get(); each->keyword != nullptr; ++each)
    if (std::string_view(each->keyword) == "dbname" && each->val != nullptr) return each->val;
  return "postgres";
}

// As a part of the name of a file.
std::string in_a_file_name(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    if (c == '/' || c == '%') {
      safe += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

// The schemes of --to. A further kind keeps what stands behind its scheme in an option of its own.
void choose_destination(const std::string& target, options& o) {
  constexpr std::string_view sqlite = "sqlite:";
  if (target.starts_with(sqlite) && target.size() > sqlite.size()) {
    o.kind = database_kind::sqlite;
    o.database = target.substr(sqlite.size());
    return;
  }
  if (target.starts_with("postgres://") || target.starts_with("postgresql://")) {
    o.kind = database_kind::postgres;
    o.server = target;
    o.database = database_of(target);
    return;
  }
  refuse("--to: this is no destination; it is written sqlite:FILE or postgres://[USER@][HOST]/DATABASE");
}

std::string table_named_after(const std::string& file) {
  auto name = file == "-" ? "stdin" : std::filesystem::path(unpacked_name(file)).stem().string();
  if (name.empty()) name = "data";
  return name;
}

std::size_t usual_workers() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 5) - 1; }

void refuse_overwriting(const options& o) {
  std::error_code ignored;
  for (const auto& file : o.files) {
    if (o.kind == database_kind::sqlite && std::filesystem::equivalent(file, o.database, ignored))
      refuse(fmt::format("{} is an input and cannot be the database as well", file));
    if (std::filesystem::equivalent(file, o.rejects, ignored))
      refuse(fmt::format("{} is an input and cannot take the rejected rows as well", file));
  }
  if (o.kind != database_kind::sqlite) return;
  // The database may not be there yet, so that names are compared, not files.
  const auto whole = [&](const std::filesystem::path& file) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file, ignored), ignored).string();
  };
  for (const char* part : {"", "-wal", "-shm", "-journal"})
    if (whole(o.rejects) == whole(o.database) + part || std::filesystem::equivalent(o.rejects, o.database, ignored))
      refuse("the rejected rows cannot go into the database file");
}

}  // namespace

std::optional<options> read_options(int argc, const char* const* argv) {
  options o;
  std::string to, format = "auto", types = "infer", on_bad_row = "reject", on_conflict = "fail";
  std::string progress = "auto", report = "text", drain_within = "10s", lock_timeout = "5s", rejects;
  std::optional<std::string> delimiter;
  o.workers = usual_workers();

  CLI::App app{
      "Loads CSV and NDJSON files into a table of SQLite or PostgreSQL: every row is inserted, or rejected with a "
      "reason.",
      "penstock-load"};
  app.set_version_flag("--version", "penstock-load 0.1.0");
  app.add_option("FILES", o.files,
                 "The files, loaded one after the other; - is standard input; gzip and zstd are unpacked. The same "
                 "files again go on where a load of "
                 "them was interrupted")
      ->required();
  app.add_option("--to", to,
                 "Where to: sqlite:FILE, made if there is none, or postgres://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE")
      ->required();
  app.add_option("--table", o.table, "The table, made if there is none; default: named after the first file");
  app.add_option("--format", format,
                 "auto: by the file's ending, else by its first byte; standard input is CSV unless told")
      ->check(CLI::IsMember({"auto", "csv", "ndjson"}))
      ->capture_default_str();
  app.add_option("--delimiter", delimiter,
                 "Between the fields of CSV: one character, or tab; default: , (tab in .tsv)");
  auto* const batch =
      app.add_option("--batch", o.batch,
                     "Rows of a transaction, or fewer when they come to 256 KiB; for PostgreSQL 65536, or 1 MiB")
          ->check(CLI::Range(1, 1'000'000))
          ->capture_default_str();
  app.add_option("--workers", o.workers, "Threads that parse; memory grows with them")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option(
      "--rejects", rejects,
      "Where malformed rows go, a JSON object a line; default: DATABASE.TABLE.rejects.ndjson. Made anew, and "
      "only when a row is rejected");
  bool resume = false, fresh = false;
  auto* const resume_flag = app.add_flag(
      "--resume", resume,
      "Go on with an unfinished load also where the input is a pipe, which has to bring the same bytes again");
  app.add_flag("--fresh", fresh, "Load the inputs as new ones, whatever was loaded before")->excludes(resume_flag);
  app.add_option("--types", types, "infer: numbers where no digit is lost; text: all values as text")
      ->check(CLI::IsMember({"infer", "text"}))
      ->capture_default_str();
  app.add_option("--on-bad-row", on_bad_row, "reject: set malformed rows aside; fail: stop at the first one")
      ->check(CLI::IsMember({"reject", "fail"}))
      ->capture_default_str();
  auto* const conflict =
      app.add_option(
             "--on-conflict", on_conflict,
             "Of a row whose key is in the table: fail: it is a bad row; ignore: the table's stays; update: the "
             "table's takes its values. Another than fail is for PostgreSQL")
          ->check(CLI::IsMember({"fail", "ignore", "update"}))
          ->capture_default_str();
  app.add_option("--key", o.key, "The columns of that key, with commas between")->delimiter(',')->needs(conflict);
  app.add_option("--max-row", o.max_row, "The largest row, in bytes (or 4MiB); larger ones are malformed")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30))
      ->default_str("1MiB");
  app.add_option("--progress", progress, "A line on standard error; auto: on a terminal")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_option("--report", report, "What standard output gets at the end")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--drain-within", drain_within,
                 "After Ctrl-C or SIGTERM, how long what was read may take to be committed; a second one cancels")
      ->capture_default_str();
  app.add_option("--lock-timeout", lock_timeout, "How long to wait for another program's lock on the database")
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

  choose_destination(to, o);
  if (o.kind == database_kind::postgres) {
    o.bytes_of_a_batch = postgres_batch_bytes;
    if (batch->empty()) o.batch = postgres_batch_rows;
  }
  if (o.table.empty()) o.table = table_named_after(o.files.front());
  if (o.kind == database_kind::postgres) {
    if (!is_utf8(o.table))
      refuse("--table: PostgreSQL takes no name that is not UTF-8, as this or that of the file is");
    // The server would cut it, and with it the difference between two tables.
    if (o.table.size() > 63) refuse(fmt::format("--table: '{}' is longer than PostgreSQL's 63 bytes", o.table));
  }
  if (o.table == "penstock_progress" || o.table == "penstock_loads")
    refuse(fmt::format("--table: {} is where this program keeps its progress", o.table));
  if (delimiter) o.delimiter = delimiter_of(*delimiter);
  if (format != "auto")
    o.format = chosen<file_format>(format, {{"csv", file_format::csv}, {"ndjson", file_format::ndjson}});
  o.types = chosen<typing>(types, {{"infer", typing::infer}, {"text", typing::text}});
  o.on_bad_row =
      chosen<bad_row_choice>(on_bad_row, {{"reject", bad_row_choice::reject}, {"fail", bad_row_choice::fail}});
  o.on_conflict = chosen<conflict_choice>(
      on_conflict,
      {{"fail", conflict_choice::fail}, {"ignore", conflict_choice::ignore}, {"update", conflict_choice::update}});
  if (o.on_conflict != conflict_choice::fail && o.kind != database_kind::postgres)
    refuse("--on-conflict ignore and update are for PostgreSQL; a rule of an SQLite table can say the same");
  if ((o.on_conflict == conflict_choice::fail) != o.key.empty())
    refuse("--on-conflict ignore or update and --key COLUMNS belong together");
  o.progress = chosen<progress_choice>(
      progress,
      {{"auto", progress_choice::automatic}, {"always", progress_choice::always}, {"never", progress_choice::never}});
  o.report = chosen<report_form>(report, {{"text", report_form::text}, {"json", report_form::json}});
  if (resume) o.resume = resume_choice::resume;
  if (fresh) o.resume = resume_choice::fresh;
  o.drain_within = duration_of("--drain-within", drain_within);
  o.lock_timeout = duration_of("--lock-timeout", lock_timeout);
  const bool is_file = o.kind == database_kind::sqlite;
  const auto beside = is_file ? o.database.string() : in_a_file_name(o.database.string());
  o.rejects = rejects.empty() ? fmt::format("{}.{}.rejects.ndjson", beside, in_a_file_name(o.table)) : rejects;
  if (std::ranges::count(o.files, "-") > 1) refuse("standard input can be read only once");
  refuse_overwriting(o);
  return o;
}

}  // namespace load
