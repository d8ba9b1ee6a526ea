// Contender (a) of "CSV to SQLite": what a careful person writes by hand in one thread. The file is split in place,
// each field is bound without a copy to one prepared INSERT, every 1000 rows are a transaction; WAL, synchronous
// NORMAL.
//
//   bare_insert FILE.csv DB      creates the table `rows` from the header, prints rows, seconds and rows/s
//
// It trusts its input: quotes are understood, ragged rows and a file larger than memory are not its business.
#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "bare_insert: %s\n", what);
  std::exit(1);
}

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
}

// At once, into memory that nothing is written into before.
std::unique_ptr<char[]> whole_file(const char* name, std::size_t& size) {
  std::FILE* const in = std::fopen(name, "rb");
  if (in == nullptr || std::fseek(in, 0, SEEK_END) != 0) die("cannot read the file");
  size = static_cast<std::size_t>(std::ftell(in));
  std::rewind(in);
  auto text = std::make_unique_for_overwrite<char[]>(size);
  if (std::fread(text.get(), 1, size, in) != size) die("cannot read the file");
  std::fclose(in);
  return text;
}

// Splits the record that begins at `p` and returns where the next one begins. Quoted fields are unescaped in place.
char* split(char* p, char* end, std::vector<std::string_view>& fields) {
  fields.clear();
  while (true) {
    char* begin = p;
    char* last = p;
    if (p < end && *p == '"') {
      begin = last = ++p;
      for (; p < end; *last++ = *p++)
        if (*p == '"' && (++p == end || *p != '"')) break;
    } else {
      while (p < end && *p != ',' && *p != '\n' && *p != '\r') ++p;
      last = p;
    }
    fields.emplace_back(begin, static_cast<std::size_t>(last - begin));
    if (p < end && *p == ',') {
      ++p;
      continue;
    }
    if (p < end && *p == '\r') ++p;
    if (p < end && *p == '\n') ++p;
    return p;
  }
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) die("usage: bare_insert FILE.csv DB");
  const auto start = std::chrono::steady_clock::now();
  std::size_t size = 0;
  const auto text = whole_file(argv[1], size);
  char* p = text.get();
  char* const end = p + size;

  sqlite3* db = nullptr;
  if (sqlite3_open(argv[2], &db) != SQLITE_OK) die("cannot open the database");
  run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  std::vector<std::string_view> fields;
  p = split(p, end, fields);
  std::string columns;
  std::string parameters;
  for (const auto name : fields) {
    columns += (columns.empty() ? "" : ", ") + quoted(name) + " TEXT";
    parameters += parameters.empty() ? "?" : ", ?";
  }
  run(db, "CREATE TABLE rows (" + columns + ")");
  sqlite3_stmt* insert = nullptr;
  if (sqlite3_prepare_v2(db, ("INSERT INTO rows VALUES (" + parameters + ")").c_str(), -1, &insert, nullptr) !=
      SQLITE_OK)
    die(sqlite3_errmsg(db));

  const std::size_t width = fields.size();
  std::size_t rows = 0;
  run(db, "BEGIN");
  while (p < end) {
    p = split(p, end, fields);
    if (fields.size() != width) die("a row has another number of fields");
    for (std::size_t i = 0; i < width; ++i)
      sqlite3_bind_text(insert, static_cast<int>(i) + 1, fields[i].data(), static_cast<int>(fields[i].size()),
                        SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
    sqlite3_reset(insert);
    if (++rows % 1000 == 0) run(db, "COMMIT; BEGIN");
  }
  run(db, "COMMIT");
  sqlite3_finalize(insert);
  if (sqlite3_close(db) != SQLITE_OK) die("cannot close the database");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%zu rows in %.3f s, %.0f rows/s\n", rows, took.count(), static_cast<double>(rows) / took.count());
}
