// [program]
#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/sqlite.hpp>
#include <penstock/penstock.hpp>

#include <iostream>

using namespace penstock;

pipeline load_vendors(const std::filesystem::path& file, sqlite::database& db) {
  auto parse = [](const csv::record& row) { return std::tuple(row["prefix"], row["name"]); };
  return {"load vendors",  //
          producer({.name = "read"}, csv::records(file)),
          transform({.name = "parse", .workers = 4, .order = order::kept}, parse),
          batch({.name = "page", .count = 1000, .within = std::chrono::milliseconds(50)}),
          consumer({.name = "insert", .on = place::blocking}, sqlite::insert_into(db, "vendors"))};
}

int main() {
  sqlite::database db("vendors.db");
  db.execute("CREATE TABLE IF NOT EXISTS vendors (prefix TEXT, name TEXT)");
  penstock::runtime machinery;
  const report what_happened = machinery.run(load_vendors("vendors.csv", db));
  std::cout << what_happened;  // a line per stage: in, emitted, done, failed, dropped, busy
  return what_happened.ok() ? 0 : 1;
}
// [/program]
