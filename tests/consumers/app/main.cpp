// What somebody else's program does with the installed headers and libraries alone; exits 0 when it got what it asked
// for.
#include <penstock/base/stop.hpp>
#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/sqlite.hpp>

#include <iostream>

int main() {
  if (penstock::csv::problem_with({"id", "name"})) return 1;
  penstock::sqlite::database db("consumer.db");
  db.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, name TEXT)");
  db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", 1, "one");
  const auto found = db.query("SELECT name FROM rows WHERE id = ?", 1);
  std::cout << found.rows.size() << " row\n";
  return found.rows.size() == 1 ? 0 : 1;
}
