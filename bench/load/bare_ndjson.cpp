// Contender (a) of "NDJSON to SQLite": what a careful person writes by hand in one thread. Each line is walked with
// simdjson, each value bound without a copy to one prepared INSERT, every 1000 rows are a transaction; WAL, synchronous
// NORMAL.
//
//   bare_ndjson FILE.ndjson DB   creates the table `rows` from the keys of the first line, prints rows, seconds, rows/s
//
// It trusts its input: every line is a flat object with the same keys in the same order, and the file fits into memory.
#include <simdjson.h>
#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

namespace ondemand = simdjson::ondemand;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "bare_ndjson: %s\n", what);
  std::exit(1);
}

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

void bind(sqlite3_stmt* insert, int at, ondemand::value value) {
  switch (value.type().value()) {
    case ondemand::json_type::null: sqlite3_bind_null(insert, at); break;
    case ondemand::json_type::boolean: sqlite3_bind_int(insert, at, bool(value.get_bool())); break;
    case ondemand::json_type::number: {
      const ondemand::number n = value.get_number();
      if (n.is_int64()) {
        sqlite3_bind_int64(insert, at, n.get_int64());
      } else {
        sqlite3_bind_double(insert, at, n.as_double());
      }
      break;
    }
    case ondemand::json_type::string: {
      const std::string_view text = value.get_string();
      sqlite3_bind_text(insert, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
      break;
    }
    default: {
      const std::string_view json = value.raw_json_token();
      sqlite3_bind_text(insert, at, json.data(), static_cast<int>(json.size()), SQLITE_STATIC);
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) die("usage: bare_ndjson FILE.ndjson DB");
  const auto start = std::chrono::steady_clock::now();
  const simdjson::padded_string text = simdjson::padded_string::load(argv[1]);
  ondemand::parser parser;

  sqlite3* db = nullptr;
  if (sqlite3_open(argv[2], &db) != SQLITE_OK) die("cannot open the database");
  run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  sqlite3_stmt* insert = nullptr;
  std::size_t rows = 0;
  run(db, "BEGIN");
  const char* const end = text.data() + text.size();
  for (const char* line = text.data(); line < end;) {
    const auto* found = static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    const char* const line_end = found != nullptr ? found : end;
    const auto room = static_cast<std::size_t>(end - line) + simdjson::SIMDJSON_PADDING;
    const auto size = static_cast<std::size_t>(line_end - line);
    if (insert == nullptr) {
      std::string columns;
      std::string parameters;
      ondemand::document first = parser.iterate(line, size, room);
      for (ondemand::field field : first.get_object()) {
        columns += (columns.empty() ? "" : ", ") + quoted(std::string_view(field.unescaped_key()));
        parameters += parameters.empty() ? "?" : ", ?";
      }
      run(db, "COMMIT; CREATE TABLE rows (" + columns + "); BEGIN");
      if (sqlite3_prepare_v2(db, ("INSERT INTO rows VALUES (" + parameters + ")").c_str(), -1, &insert, nullptr) !=
          SQLITE_OK)
        die(sqlite3_errmsg(db));
    }
    ondemand::document document = parser.iterate(line, size, room);
    int at = 0;
    for (ondemand::field field : document.get_object()) bind(insert, ++at, field.value());
    if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
    sqlite3_reset(insert);
    if (++rows % 1000 == 0) run(db, "COMMIT; BEGIN");
    line = line_end + 1;
  }
  run(db, "COMMIT");
  sqlite3_finalize(insert);
  if (sqlite3_close(db) != SQLITE_OK) die("cannot close the database");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%zu rows in %.3f s, %.0f rows/s\n", rows, took.count(), static_cast<double>(rows) / took.count());
} catch (const simdjson::simdjson_error& e) {
  die(e.what());
}
