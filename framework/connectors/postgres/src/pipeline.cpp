#include <penstock/connectors/postgres/connection.hpp>

#include "operation.hpp"
#include "send_statement.hpp"

namespace asio = boost::asio;

namespace penstock::postgres {
namespace {

// Executions that were sent and not answered, at most: enough to hide the way there and back, and what it takes of
// memory on both sides stays small.
constexpr std::size_t most_unanswered = 256;

using results = std::vector<pipeline_result>;

asio::awaitable<void> receive(detail::operation& op, pipeline_result& into, const std::optional<error>& first) {
  for (;;) {
    const detail::result_ptr result = co_await op.next();
    if (!result) co_return;
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK: into.rows = detail::affected(result.get()); break;
      case PGRES_PIPELINE_ABORTED:
        into.failed = error(first ? first->cause() : errc::other, op.on()->where + ": undone because of one before it");
        break;
      default:
        into.failed = op.told(result.get());
        if (PQstatus(op.handle()) != CONNECTION_OK) throw error(*into.failed);
    }
  }
}

asio::awaitable<void> receive_sync(detail::operation& op) {
  const detail::result_ptr result = co_await op.next();
  if (!result || PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC) op.fail();
}

// Without a name it is prepared too, under the empty name, which the next statement overwrites.
asio::awaitable<void> get_ready(detail::operation& op, const statement& what) {
  detail::check_text(op, what.sql);
  if (what.name.empty()) {
    if (PQsendPrepare(op.handle(), "", what.sql.c_str(), 0, nullptr) == 0) op.fail();
    co_await op.flush();
    const detail::result_ptr unused = co_await op.finish();
    op.unsettle();
  } else if (detail::needs_preparing(op, what)) {
    co_await detail::prepare(op, what);
  }
}

asio::awaitable<results> run_pipeline(std::shared_ptr<detail::session> session, statement what,
                                      std::vector<params> sets, pipeline_mode mode, wait_limits limits) {
  detail::operation op(std::move(session), "executing in a pipeline", std::move(limits));
  co_await op.begin();
  co_await get_ready(op, what);
  if (PQenterPipelineMode(op.handle()) == 0) op.fail();
  results made(sets.size());
  std::optional<error> first;
  const bool each = mode == pipeline_mode::each;
  std::size_t sent = 0;
  for (std::size_t answered = 0; answered < sets.size(); ++answered) {
    if (sent < sets.size() && sent - answered <= most_unanswered / 2) {
      for (; sent < sets.size() && sent - answered < most_unanswered; ++sent) {
        const params_access p(sets[sent]);
        if (PQsendQueryPrepared(op.handle(), what.name.c_str(), p.count(), p.values.data(), p.lengths.data(),
                                p.formats.data(), 0) == 0)
          op.fail();
        // A sync ends the transaction that the server makes of what came since the last one.
        if (each && PQpipelineSync(op.handle()) == 0) op.fail();
      }
      if (!each && sent == sets.size() && PQpipelineSync(op.handle()) == 0) op.fail();
      if (!each && sent < sets.size() && PQsendFlushRequest(op.handle()) == 0) op.fail();
      co_await op.flush();
    }
    co_await receive(op, made[answered], first);
    if (made[answered].failed && !first) first = made[answered].failed;
    if (each) co_await receive_sync(op);
  }
  if (!each && !sets.empty()) co_await receive_sync(op);
  if (PQexitPipelineMode(op.handle()) == 0) op.fail();
  // What came before the first failure was undone with it.
  if (!each && first)
    for (auto& one : made)
      if (one.ok()) one = {.failed = error(first->cause(), op.on()->where + ": undone because of one after it")};
  op.settle();
  co_return made;
}

}  // namespace

asio::awaitable<results> connection::async_pipeline(statement what, std::vector<params> sets, pipeline_mode mode,
                                                    wait_limits limits) {
  return detail::with_own_cancellation(
      run_pipeline(session_, std::move(what), std::move(sets), mode, std::move(limits)));
}

namespace {

// What the statement or the commit failed with.
asio::awaitable<std::optional<error>> execute_and_commit(std::shared_ptr<detail::session> session, statement last,
                                                         params values, wait_limits limits) {
  detail::operation op(std::move(session), "committing with a last statement", std::move(limits));
  co_await op.begin();
  co_await get_ready(op, last);
  const params_access p(values);
  op.without_answer(detail::commit_without_answer);
  if (PQenterPipelineMode(op.handle()) == 0 ||
      PQsendQueryPrepared(op.handle(), last.name.c_str(), p.count(), p.values.data(), p.lengths.data(),
                          p.formats.data(), 0) == 0 ||
      PQsendQueryParams(op.handle(), "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0) == 0 ||
      PQpipelineSync(op.handle()) == 0)
    op.fail();
  co_await op.flush();
  pipeline_result of_last;
  pipeline_result of_commit;
  co_await receive(op, of_last, {});
  co_await receive(op, of_commit, of_last.failed);
  co_await receive_sync(op);
  if (PQexitPipelineMode(op.handle()) == 0) op.fail();
  op.settle();
  co_return of_last.failed ? of_last.failed : of_commit.failed;
}

}  // namespace

asio::awaitable<void> transaction::async_commit_with(statement last, params values, wait_limits limits) {
  return detail::with_own_cancellation(commit_with(std::move(last), std::move(values), std::move(limits)));
}

asio::awaitable<void> transaction::commit_with(statement last, params values, wait_limits limits) {
  const auto session = session_;
  if (!session) throw error(errc::misuse, "ending a transaction that has ended");
  const std::optional<error> failed = co_await execute_and_commit(session, std::move(last), std::move(values), limits);
  if (!failed) {
    session_.reset();
    co_return;
  }
  // The server still has the transaction, and does nothing in it but wait for its end.
  if (PQtransactionStatus(session->handle) != PQTRANS_IDLE) co_await async_rollback(std::move(limits));
  session_.reset();
  throw error(*failed);
}

}  // namespace penstock::postgres
