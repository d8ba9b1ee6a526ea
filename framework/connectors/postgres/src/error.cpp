#include <penstock/connectors/postgres/error.hpp>
#include <penstock/connectors/postgres/identifier.hpp>

namespace penstock::postgres {

const std::error_category& error_category() noexcept {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "penstock.postgres"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::cannot_connect: return "the server cannot be reached";
        case errc::refused: return "the server refuses these credentials or rights";
        case errc::connection_lost: return "the connection was lost";
        case errc::exhausted: return "all connections of the pool are in use";
        case errc::busy: return "somebody else holds the lock";
        case errc::conflict: return "it conflicts with another transaction";
        case errc::constraint: return "a row breaks a rule of the table";
        case errc::bad_value: return "a value does not fit its type";
        case errc::schema: return "the database does not have the expected shape";
        case errc::no_room: return "the server has no room left";
        case errc::cancelled: return "it was cancelled";
        case errc::timed_out: return "the deadline passed";
        case errc::misuse: return "the call breaks a rule of the interface";
        case errc::other: return "the server refused";
      }
      return "unknown error of the postgres connector";
    }
    std::error_condition default_error_condition(int value) const noexcept override {
      switch (static_cast<errc>(value)) {
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::timed_out: return std::errc::timed_out;
        default: return {value, *this};
      }
    }
  };
  static const category instance;
  return instance;
}

errc cause_of(std::string_view sqlstate) noexcept {
  if (sqlstate.size() != 5) return errc::other;
  if (sqlstate == "57014") return errc::cancelled;                         // query_canceled
  if (sqlstate == "55P03") return errc::busy;                              // lock_not_available
  if (sqlstate == "42501") return errc::refused;                           // insufficient_privilege
  if (sqlstate == "3D000") return errc::refused;                           // there is no such database
  if (sqlstate == "53300") return errc::cannot_connect;                    // too_many_connections
  if (sqlstate == "57P03") return errc::cannot_connect;                    // starting up or shutting down
  if (sqlstate == "42601" || sqlstate == "42P10") return errc::other;      // syntax; no rule for ON CONFLICT
  if (sqlstate == "42804" || sqlstate == "42846") return errc::bad_value;  // types that do not match
  const auto group = sqlstate.substr(0, 2);
  if (group == "08" || group == "57") return errc::connection_lost;  // 57P01, 57P02, 57P05: the server ends it
  if (group == "21" || group == "22") return errc::bad_value;
  if (group == "23") return errc::constraint;
  if (group == "28") return errc::refused;
  if (group == "3F" || group == "42") return errc::schema;
  if (group == "40") return errc::conflict;
  if (group == "53") return errc::no_room;
  if (group == "54") return errc::bad_value;  // beyond the program's limits
  return errc::other;
}

std::string quote_identifier(std::string_view name) {
  if (name.empty()) throw error(errc::misuse, "an identifier is empty");
  if (name.find('\0') != std::string_view::npos) throw error(errc::misuse, "an identifier holds a NUL byte");
  std::string quoted = "\"";
  for (const char ch : name) quoted.append(ch == '"' ? 2 : 1, ch);
  return quoted += '"';
}

std::string quote_table(const table_name& name) {
  return (name.schema.empty() ? "" : quote_identifier(name.schema) + ".") + quote_identifier(name.table);
}

std::string quote_identifiers(const std::vector<std::string>& names) {
  if (names.empty()) throw error(errc::misuse, "a list of columns is empty");
  std::string quoted;
  for (const auto& name : names) quoted += (quoted.empty() ? "" : ", ") + quote_identifier(name);
  return quoted;
}

}  // namespace penstock::postgres
