// One call on a session: how it waits for the server, and what becomes of the session when it does not end well.
//
// The socket is watched through a duplicate of its descriptor that lives no longer than the call. So Asio closes
// nothing that is libpq's, libpq may close or change its socket as it likes, and a session that waits in a pool holds
// on to no execution context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/sync/queue.hpp>
#include <penstock/sync/wait_limits.hpp>

#include "session.hpp"

namespace penstock::postgres::detail {

class operation {
 public:
  /// Fails with `misuse` when the session is closed or busy (`within_copy`: when it is in no COPY), and with
  /// `cancelled` when a stop was requested; then nothing has happened.
  operation(std::shared_ptr<session> on, std::string doing, wait_limits limits, bool within_copy = false);
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  /// Closes the session unless it was settled: nobody knows what state it is in.
  ~operation();

  /// To be awaited before the first byte is sent: fails with `cancelled` if the coroutine was cancelled before.
  boost::asio::awaitable<void> begin();

  /// Until the socket is ready for one of what is wanted, or a limit ends it (throws).
  boost::asio::awaitable<void> wait(bool read, bool write);

  /// Until everything has been handed to the system. Reads what comes in meanwhile: the server may not read on before.
  boost::asio::awaitable<void> flush();

  /// The next result; null at the end of a statement's. Waits for it.
  boost::asio::awaitable<result_ptr> next();

  /// The results of one statement: the last of them. Throws the first error, with the session settled. A COPY that
  /// began is the last result there is to have.
  boost::asio::awaitable<result_ptr> finish();

  /// Forgets the socket, which may be another one from here on.
  void forget_socket() noexcept;

  /// The session's state is known again. `copying`: a COPY goes on.
  void settle(bool copying = false) noexcept;
  /// Something else is sent in the same call.
  void unsettle() noexcept { settled_ = false; }

  /// From here on the call may have had its effect though no answer comes: an error that is not the server's answer
  /// says so in these words.
  void without_answer(std::string words) noexcept { without_answer_ = std::move(words); }

  /// For a failure of libpq itself.
  [[noreturn]] void fail() const;
  /// The error that a result tells: an answer, unless the connection is lost.
  [[nodiscard]] error told(const PGresult* result) const;

  [[nodiscard]] PGconn* handle() const noexcept { return session_->handle; }
  [[nodiscard]] const std::shared_ptr<session>& on() const noexcept { return session_; }
  [[nodiscard]] const std::string& doing() const noexcept { return doing_; }

 private:
  enum class readiness : std::uint8_t { readable, writable };

  [[nodiscard]] std::string doing_without_answer() const {
    return without_answer_.empty() ? doing_ : doing_ + " (" + without_answer_ + ")";
  }

  std::shared_ptr<session> session_;
  std::string doing_;
  std::string without_answer_;
  wait_limits limits_;
  bool settled_ = false;
  std::shared_ptr<queue<readiness>> ready_;  ///< shared with the descriptor's handlers, which may come late
  std::optional<boost::asio::posix::stream_descriptor> descriptor_;
  bool reading_ = false;
  bool writing_ = false;
};

/// A call that tells of the coroutine's cancellation itself, as each wait of an operation does. Without it, one that
/// comes between two waits is thrown by Asio at the next `co_await`, as another exception and without our words.
template <class T>
boost::asio::awaitable<T> with_own_cancellation(boost::asio::awaitable<T> call) {
  namespace this_coro = boost::asio::this_coro;
  const bool throws = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  std::exception_ptr failed;
  if constexpr (std::is_void_v<T>) {
    try {
      co_await std::move(call);
    } catch (...) {
      failed = std::current_exception();
    }
    co_await this_coro::throw_if_cancelled(throws);
    if (failed) std::rethrow_exception(std::move(failed));
  } else {
    std::optional<T> made;
    try {
      T result = co_await std::move(call);
      made.emplace(std::move(result));
    } catch (...) {
      failed = std::current_exception();
    }
    co_await this_coro::throw_if_cancelled(throws);
    if (failed) std::rethrow_exception(std::move(failed));
    co_return std::move(*made);
  }
}

}  // namespace penstock::postgres::detail
