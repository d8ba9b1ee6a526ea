#include "operation.hpp"

#include <fcntl.h>

#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <utility>

namespace asio = boost::asio;

namespace penstock::postgres::detail {

operation::operation(std::shared_ptr<session> on, std::string doing, wait_limits limits, bool within_copy)
    : session_(std::move(on)), doing_(std::move(doing)), limits_(std::move(limits)) {
  if (!session_ || session_->handle == nullptr) throw error(errc::misuse, doing_ + ": the connection is closed");
  if (session_->busy || session_->copying != within_copy)
    throw error(errc::misuse,
                session_->where + ": " + doing_ + ": " +
                    (within_copy ? "the COPY has ended" : "the connection is in the middle of another call"));
  if (limits_.stop.stop_requested()) throw error(errc::cancelled, session_->where + ": " + doing_ + " did not begin");
  session_->busy = true;
}

operation::~operation() {
  forget_socket();
  session_->busy = false;
  if (!settled_) session_->close();
}

asio::awaitable<void> operation::begin() {
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() == asio::cancellation_type::none) co_return;
  settle(session_->copying);
  throw error(errc::cancelled, session_->where + ": " + doing_ + " did not begin");
}

asio::awaitable<void> operation::wait(bool read, bool write) {
  if (!descriptor_) {
    const int socket = ::fcntl(PQsocket(handle()), F_DUPFD_CLOEXEC, 0);
    if (socket < 0) throw error(errc::other, session_->where + ": " + doing_ + ": the socket cannot be watched");
    const auto executor = co_await asio::this_coro::executor;
    descriptor_.emplace(executor, socket);
    ready_ = std::make_shared<queue<readiness>>(2);  // one of each at most
  }
  const auto watch = [this](asio::posix::descriptor_base::wait_type what, readiness is) {
    descriptor_->async_wait(what, [ready = ready_, is](boost::system::error_code) {
      [[maybe_unused]] const auto has_room = ready->try_put(readiness(is));
    });
  };
  if (read && !reading_) watch(asio::posix::descriptor_base::wait_read, readiness::readable);
  if (write && !writing_) watch(asio::posix::descriptor_base::wait_write, readiness::writable);
  reading_ = reading_ || read;
  writing_ = writing_ || write;
  const got<readiness> first = co_await ready_->async_get(limits_);
  if (!first) {
    const bool late = first.state() == state::timed_out;
    throw error(late ? errc::timed_out : errc::cancelled, session_->where + ": " + doing_without_answer());
  }
  (*first == readiness::readable ? reading_ : writing_) = false;
}

asio::awaitable<void> operation::flush() {
  for (;;) {
    const int left = PQflush(handle());
    if (left < 0) fail();
    if (left == 0) co_return;
    co_await wait(true, true);
    // What it fails with shows in the results, where the server's last words may be.
    if (!reading_ && PQconsumeInput(handle()) == 0 && PQstatus(handle()) != CONNECTION_OK) co_return;
  }
}

asio::awaitable<result_ptr> operation::next() {
  // A lost connection stays "busy"; its error is the next result.
  while (PQstatus(handle()) == CONNECTION_OK && PQisBusy(handle()) != 0) {
    const bool unsent = PQflush(handle()) > 0;
    if (PQstatus(handle()) != CONNECTION_OK) break;
    co_await wait(true, unsent);
    if (!reading_) PQconsumeInput(handle());
  }
  co_return result_ptr(PQgetResult(handle()));
}

asio::awaitable<result_ptr> operation::finish() {
  result_ptr last;
  result_ptr failed;  // an error's words depend on whether more comes
  for (;;) {
    result_ptr result = co_await next();
    if (!result) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) co_return result;
    const bool fails = status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
    if (fails && !failed) failed = std::move(result);
    if (!fails) last = std::move(result);
  }
  if (PQstatus(handle()) == CONNECTION_OK)
    settle();
  else if (!failed)
    fail();
  if (failed) throw told(failed.get());
  co_return last;
}

void operation::forget_socket() noexcept {
  // Its handlers come later, to a queue that nobody reads.
  descriptor_.reset();
  reading_ = writing_ = false;
}

void operation::settle(bool copying) noexcept {
  settled_ = true;
  session_->copying = copying;
}

void operation::fail() const { throw error_of(*session_, nullptr, doing_without_answer()); }

error operation::told(const PGresult* result) const {
  const bool lost = PQstatus(handle()) != CONNECTION_OK;
  return error_of(*session_, result, lost ? doing_without_answer() : doing_);
}

}  // namespace penstock::postgres::detail
