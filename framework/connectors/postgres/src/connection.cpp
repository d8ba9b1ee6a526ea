#include <penstock/connectors/postgres/connection.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "operation.hpp"
#include "params_access.hpp"
#include "pool_state.hpp"
#include "send_statement.hpp"

namespace asio = boost::asio;

namespace penstock::postgres {
namespace detail {
namespace {

// Notices of the server are nobody's business here; libpq would print them.
void swallow(void*, const PGresult*) noexcept {}

struct frees_options {
  void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
};

// Of a URI whose password holds a character that separates, a part of the password ends up here.
bool is_number_list(std::string_view ports) { return ports.find_first_not_of("0123456789,") == std::string_view::npos; }

bool are_hosts(std::string_view list) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    if (!one.starts_with('/') && one.find('@', 1) != std::string_view::npos) return false;
  }
  return true;
}

// libpq's own words about a conninfo quote it, the password included.
void refuse_malformed(const std::string& conninfo) {
  const auto refuse = [] {
    throw error(errc::misuse,
                "connecting: the conninfo cannot be read; it is a postgresql:// URI or key=value pairs, and in a URI "
                "special characters of a password are percent-encoded");
  };
  if (conninfo.find('\0') != std::string::npos) refuse();
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, frees_options> options(PQconninfoParse(conninfo.c_str(), &words));
  if (words != nullptr) PQfreemem(words);
  if (!options) refuse();
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val == nullptr) continue;
    const std::string_view key = o->keyword;
    if (key == "port" && !is_number_list(o->val)) refuse();
    if (key == "host" && !are_hosts(o->val)) refuse();
  }
}

asio::awaitable<std::shared_ptr<session>> open(std::string conninfo, wait_limits limits) {
  refuse_malformed(conninfo);
  // What comes after the conninfo overrides it, what comes before is a default.
  constexpr std::array<const char*, 4> keys = {"fallback_application_name", "dbname", "client_encoding", nullptr};
  const std::array<const char*, 4> values = {"penstock", conninfo.c_str(), "UTF8", nullptr};
  auto made = std::make_shared<session>();
  made->where = "connecting";
  made->handle = PQconnectStartParams(keys.data(), values.data(), 1);
  if (made->handle == nullptr) throw std::bad_alloc();
  if (PQstatus(made->handle) == CONNECTION_BAD) throw connect_error(*made);
  PQsetErrorVerbosity(made->handle, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(made->handle, swallow, nullptr);
  operation op(made, "waiting for the server", std::move(limits));
  co_await op.begin();
  // libpq's manual: at first as if the last answer had been "writing"; the socket may be another one after each step.
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) throw connect_error(*made);
    op.forget_socket();
    co_await op.wait(next == PGRES_POLLING_READING, next == PGRES_POLLING_WRITING);
    next = PQconnectPoll(made->handle);
  }
  PQsetErrorVerbosity(made->handle, PQERRORS_DEFAULT);
  if (PQsetnonblocking(made->handle, 1) != 0) op.fail();
  const auto text = [](const char* s) { return std::string(s == nullptr ? "" : s); };
  made->where = text(PQhost(made->handle)) + "/" + text(PQdb(made->handle));
  op.settle();
  co_return made;
}

asio::awaitable<result_ptr> run(std::shared_ptr<session> on, statement what, params values, const char* doing,
                                wait_limits limits) {
  operation op(std::move(on), doing, std::move(limits));
  co_await op.begin();
  check_text(op, what.sql);
  if (!what.name.empty() && needs_preparing(op, what)) co_await prepare(op, what);
  send_statement(op, what, values);
  co_await op.flush();
  result_ptr result = co_await op.finish();
  refuse_copy(op, result.get());
  co_return result;
}

asio::awaitable<rows> query(std::shared_ptr<session> on, statement what, params values, wait_limits limits) {
  result_ptr result = co_await run(std::move(on), std::move(what), std::move(values), "querying", std::move(limits));
  co_return rows(std::shared_ptr<const pg_result>(result.release(),
                                                  [](const pg_result* r) { PQclear(const_cast<pg_result*>(r)); }));
}

asio::awaitable<std::int64_t> execute(std::shared_ptr<session> on, statement what, params values, wait_limits limits) {
  const result_ptr result =
      co_await run(std::move(on), std::move(what), std::move(values), "executing", std::move(limits));
  co_return affected(result.get());
}

asio::awaitable<void> script(std::shared_ptr<session> on, std::string sql, const char* doing, wait_limits limits) {
  operation op(std::move(on), doing, std::move(limits));
  co_await op.begin();
  check_text(op, sql);
  if (PQsendQuery(op.handle(), sql.c_str()) == 0) op.fail();
  co_await op.flush();
  const result_ptr result = co_await op.finish();
  refuse_copy(op, result.get());
}

}  // namespace

void check_text(operation& op, std::string_view sql) {
  if (sql.find('\0') == std::string_view::npos) return;
  op.settle();
  throw error(errc::misuse,
              op.on()->where + ": " + op.doing() + ": SQL text cannot hold a NUL byte; bind it as a value");
}

void refuse_copy(operation& op, const PGresult* result) {
  const auto status = result != nullptr ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
    throw error(errc::misuse, op.on()->where + ": " + op.doing() + ": a COPY goes through async_copy_in");
}

void refuse_nesting(const session* on) {
  if (on != nullptr && on->handle != nullptr && PQtransactionStatus(on->handle) != PQTRANS_IDLE)
    throw error(errc::misuse, on->where + ": beginning a transaction inside another");
}

bool needs_preparing(operation& op, const statement& what) {
  const auto known = op.on()->prepared.find(what.name);
  if (known == op.on()->prepared.end()) return true;
  if (known->second == what.sql) return false;
  op.settle();
  throw error(errc::misuse, op.on()->where + ": " + op.doing() + ": '" + what.name +
                                "' was prepared on this connection with another text");
}

asio::awaitable<void> prepare(operation& op, const statement& what) {
  if (PQsendPrepare(op.handle(), what.name.c_str(), what.sql.c_str(), 0, nullptr) == 0) op.fail();
  co_await op.flush();
  const result_ptr unused = co_await op.finish();
  op.unsettle();
  op.on()->prepared.emplace(what.name, what.sql);
}

void send_statement(operation& op, const statement& what, const params& values) {
  const params_access p(values);
  const int sent = what.name.empty() ? PQsendQueryParams(op.handle(), what.sql.c_str(), p.count(), p.types.data(),
                                                         p.values.data(), p.lengths.data(), p.formats.data(), 0)
                                     : PQsendQueryPrepared(op.handle(), what.name.c_str(), p.count(), p.values.data(),
                                                           p.lengths.data(), p.formats.data(), 0);
  if (sent == 0) op.fail();
}

}  // namespace detail

// ---- transaction ----

transaction::~transaction() {
  if (session_) session_->close();
}

asio::awaitable<void> transaction::async_commit(wait_limits limits) {
  return detail::with_own_cancellation(end(session_, true, std::move(limits)));
}
asio::awaitable<void> transaction::async_rollback(wait_limits limits) {
  return detail::with_own_cancellation(end(session_, false, std::move(limits)));
}

asio::awaitable<void> transaction::end(std::shared_ptr<detail::session>& held, bool commit, wait_limits limits) {
  if (!held) throw error(errc::misuse, "ending a transaction that has ended");
  detail::operation op(held, commit ? "committing" : "rolling back", std::move(limits));
  co_await op.begin();
  const auto session = std::move(held);  // from here on it has ended, one way or the other
  if (commit) op.without_answer(detail::commit_without_answer);
  if (PQsendQuery(op.handle(), commit ? "COMMIT" : "ROLLBACK") == 0) op.fail();
  co_await op.flush();
  const detail::result_ptr result = co_await op.finish();
  if (commit && std::string_view(PQcmdStatus(result.get())) != "COMMIT")
    throw error(errc::conflict, session->where + ": committing: a statement had failed, so the server rolled back");
}

// ---- connection ----

connection::connection(std::shared_ptr<detail::session> session, std::shared_ptr<detail::pool_state> home) noexcept
    : session_(std::move(session)), home_(std::move(home)) {}

connection& connection::operator=(connection&& other) noexcept {
  if (this == &other) return *this;
  leave();
  session_ = std::move(other.session_);
  home_ = std::move(other.home_);
  return *this;
}

connection::~connection() { leave(); }

void connection::leave() noexcept {
  if (session_ && home_) home_->take_back(std::move(session_));
  if (session_) session_->close();
  session_.reset();
  home_.reset();
}

namespace {
asio::awaitable<std::shared_ptr<detail::session>> open_session(std::string conninfo, wait_limits limits) {
  return detail::with_own_cancellation(detail::open(std::move(conninfo), std::move(limits)));
}
}  // namespace

asio::awaitable<std::shared_ptr<detail::session>> detail::open_for_pool(std::string conninfo, wait_limits limits) {
  return open(std::move(conninfo), std::move(limits));
}

asio::awaitable<connection> connection::async_connect(std::string conninfo, wait_limits limits) {
  auto session = co_await open_session(std::move(conninfo), std::move(limits));
  co_return connection(std::move(session), nullptr);
}

asio::awaitable<rows> connection::async_query(statement what, params values, wait_limits limits) {
  return detail::with_own_cancellation(detail::query(session_, std::move(what), std::move(values), std::move(limits)));
}

asio::awaitable<std::int64_t> connection::async_execute(statement what, params values, wait_limits limits) {
  return detail::with_own_cancellation(
      detail::execute(session_, std::move(what), std::move(values), std::move(limits)));
}

asio::awaitable<void> connection::async_script(std::string sql, wait_limits limits) {
  return detail::with_own_cancellation(detail::script(session_, std::move(sql), "running a script", std::move(limits)));
}

namespace {
asio::awaitable<void> begin_on(std::shared_ptr<detail::session> session, wait_limits limits) {
  detail::refuse_nesting(session.get());
  return detail::with_own_cancellation(
      detail::script(std::move(session), "BEGIN", "beginning a transaction", std::move(limits)));
}
}  // namespace

asio::awaitable<transaction> connection::async_begin(wait_limits limits) {
  const auto session = session_;
  co_await begin_on(session, std::move(limits));
  co_return transaction(session);
}

asio::awaitable<void> connection::undo(transaction& begun, wait_limits limits, std::exception_ptr why) {
  try {
    co_await begun.async_rollback(std::move(limits));
  } catch (...) {  // then the connection is closed, which undoes it too
  }
  std::rethrow_exception(why);
}

void connection::close() noexcept {
  if (session_) session_->close();
}

bool connection::is_open() const noexcept {
  return session_ && session_->handle != nullptr && PQstatus(session_->handle) == CONNECTION_OK;
}

bool connection::in_transaction() const noexcept {
  if (!is_open()) return false;
  const auto status = PQtransactionStatus(session_->handle);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

int connection::backend_pid() const noexcept { return is_open() ? PQbackendPID(session_->handle) : 0; }

pg_conn* connection::handle() const noexcept { return session_ ? session_->handle : nullptr; }

}  // namespace penstock::postgres
