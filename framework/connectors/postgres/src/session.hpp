// What stands behind a connection.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <penstock/base/clock.hpp>
#include <penstock/connectors/postgres/error.hpp>

namespace penstock::postgres::detail {

struct clears_result {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result_ptr = std::unique_ptr<PGresult, clears_result>;

struct session {
  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { close(); }

  /// At once, whatever it is doing; the server is told to end that.
  void close() noexcept;

  /// Ready for whoever comes next: open, idle, outside a transaction.
  [[nodiscard]] bool is_sound() const noexcept {
    return handle != nullptr && !busy && !copying && PQstatus(handle) == CONNECTION_OK &&
           PQtransactionStatus(handle) == PQTRANS_IDLE && PQpipelineStatus(handle) == PQ_PIPELINE_OFF;
  }

  PGconn* handle = nullptr;
  bool busy = false;                                         ///< a call is under way
  bool copying = false;                                      ///< a COPY is under way, between its calls
  std::string copying_into;                                  ///< the table of the last COPY, as its caller named it
  std::string where;                                         ///< "host/database", for messages
  std::map<std::string, std::string, std::less<>> prepared;  ///< text by name
  time_point idle_since = {};
};

/// One line, without white space at its ends.
std::string on_one_line(std::string_view text);

/// How many rows a statement affected; 0 for one that counts none, and for null.
std::int64_t affected(const PGresult* result) noexcept;

/// The error that a result tells.
error error_of(const session& s, const PGresult* result, std::string_view doing);

/// The error of an attempt to connect: libpq gives only text, in which PQERRORS_VERBOSE puts the SQLSTATE.
error connect_error(const session& s);

}  // namespace penstock::postgres::detail
