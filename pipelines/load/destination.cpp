#include "destination.hpp"

#include "exit_code.hpp"
#include "postgres_destination.hpp"
#include "sqlite_destination.hpp"

namespace load {

std::unique_ptr<destination> open_destination(const options& how) {
  switch (how.kind) {
    case database_kind::sqlite: return std::make_unique<sqlite_destination>(how);
    case database_kind::postgres: return std::make_unique<postgres_destination>(how);
  }
  throw failure(exit_code::internal, "a kind of database that nobody opens");
}

}  // namespace load
