#include <penstock/connectors/postgres/connection.hpp>

#include "operation.hpp"
#include "send_statement.hpp"

namespace asio = boost::asio;

namespace penstock::postgres {
namespace {

// Handed to libpq at a time, which keeps what the socket does not take: so it is also what may wait in memory.
constexpr std::size_t piece = std::size_t{1} << 17;

asio::awaitable<void> begin_copy(std::shared_ptr<detail::session> session, std::string sql, std::string table,
                                 wait_limits limits) {
  detail::operation op(std::move(session), "beginning a COPY", std::move(limits));
  co_await op.begin();
  op.on()->copying_into = std::move(table);
  if (PQsendQuery(op.handle(), sql.c_str()) == 0) op.fail();
  co_await op.flush();
  const detail::result_ptr result = co_await op.finish();
  if (!result || PQresultStatus(result.get()) != PGRES_COPY_IN) op.fail();
  op.settle(true);
}

std::string copy_statement(const table_name& table, const std::vector<std::string>& columns, copy_format format) {
  return "COPY " + quote_table(table) + " (" + quote_identifiers(columns) + ") FROM STDIN" +
         (format == copy_format::binary ? " (FORMAT binary)" : "");
}

}  // namespace

asio::awaitable<copy_in> connection::async_copy_in(table_name table, std::vector<std::string> columns,
                                                   copy_format format, wait_limits limits) {
  const auto session = session_;
  std::string sql = copy_statement(table, columns, format);
  co_await detail::with_own_cancellation(
      begin_copy(session, std::move(sql), std::move(table.table), std::move(limits)));
  co_return copy_in(session);
}

asio::awaitable<begun_copy> connection::async_begin_copy_in(table_name table, std::vector<std::string> columns,
                                                            copy_format format, wait_limits limits) {
  return detail::with_own_cancellation(begin_copy_in(std::move(table), std::move(columns), format, std::move(limits)));
}

asio::awaitable<begun_copy> connection::begin_copy_in(table_name table, std::vector<std::string> columns,
                                                      copy_format format, wait_limits limits) {
  const auto session = session_;
  detail::refuse_nesting(session.get());
  std::string sql = "BEGIN; " + copy_statement(table, columns, format);
  std::exception_ptr failed;
  try {
    co_await begin_copy(session, std::move(sql), std::move(table.table), limits);
  } catch (const error&) {
    failed = std::current_exception();
  }
  transaction begun(session);
  if (failed) {
    if (in_transaction()) {
      co_await undo(begun, std::move(limits), failed);
    } else {
      begun.session_.reset();
      std::rethrow_exception(failed);
    }
  }
  copy_in rows(session);
  co_return begun_copy{std::move(begun), std::move(rows)};
}

copy_in::~copy_in() {
  if (session_) session_->close();
}

asio::awaitable<void> copy_in::async_write(std::string_view bytes, wait_limits limits) {
  return detail::with_own_cancellation(write(session_, bytes, std::move(limits)));
}
asio::awaitable<std::int64_t> copy_in::async_finish(wait_limits limits) {
  return detail::with_own_cancellation(end(session_, true, std::move(limits)));
}

asio::awaitable<void> copy_in::async_abort(wait_limits limits) {
  try {
    co_await detail::with_own_cancellation(end(session_, false, std::move(limits)));
  } catch (const error& e) {
    if (e.sqlstate() != "57014") throw;  // query_canceled: what was asked for
  }
}

asio::awaitable<void> copy_in::write(std::shared_ptr<detail::session> session, std::string_view bytes,
                                     wait_limits limits) {
  detail::operation op(std::move(session), "copying", std::move(limits), true);
  co_await op.begin();
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, piece);
    const int taken = PQputCopyData(op.handle(), now.data(), static_cast<int>(now.size()));
    if (taken < 0) op.fail();
    if (taken > 0) bytes.remove_prefix(now.size());
    co_await op.flush();
    if (PQstatus(op.handle()) != CONNECTION_OK) op.fail();
  }
  op.settle(true);
}

asio::awaitable<std::int64_t> copy_in::end(std::shared_ptr<detail::session>& held, bool keep, wait_limits limits) {
  detail::operation op(held, keep ? "finishing a COPY" : "giving up a COPY", std::move(limits), true);
  co_await op.begin();
  const auto session = std::move(held);  // from here on it has ended, one way or the other
  for (;;) {
    const int queued = PQputCopyEnd(op.handle(), keep ? nullptr : "given up by the sender");
    if (queued < 0) op.fail();
    if (queued > 0) break;
    co_await op.flush();
  }
  session->copying = false;
  co_await op.flush();
  const detail::result_ptr result = co_await op.finish();
  co_return detail::affected(result.get());
}

}  // namespace penstock::postgres
