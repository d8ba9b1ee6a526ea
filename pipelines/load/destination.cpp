#include "destination.hpp"

#include <fmt/format.h>

#include "postgres_destination.hpp"
#include "sqlite_destination.hpp"

namespace load {

failure begun_by_another(const std::string& database, const std::string& table) {
  return {exit_code::database_locked,
          fmt::format("{}: another program has begun the same load into table {}; --fresh loads the inputs once more",
                      database, table)};
}

failure taken_by_another(const std::string& database, const std::string& table) {
  return {exit_code::database_locked,
          fmt::format("{}: another program goes on with the same load into table {}", database, table)};
}

std::unique_ptr<destination> open_destination(const options& how) {
  switch (how.kind) {
    case database_kind::sqlite: return std::make_unique<sqlite_destination>(how);
    case database_kind::postgres: return std::make_unique<postgres_destination>(how);
  }
  throw failure(exit_code::internal, "a kind of database that nobody opens");
}

}  // namespace load
