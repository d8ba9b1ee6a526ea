// One call on a session: how it waits for the server, and what becomes of the session when it does not end well.
//
// The socket is watched through a duplicate of its descriptor that lives no longer than the call. So Asio closes
// nothing that is libpq's, libpq may close or change its socket as it likes, and a session that waits in a pool holds
// on to no execution context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

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

  /// For a failure of libpq itself.
  [[noreturn]] void fail() const;

  [[nodiscard]] PGconn* handle() const noexcept { return session_->handle; }
  [[nodiscard]] const std::shared_ptr<session>& on() const noexcept { return session_; }
  [[nodiscard]] const std::string& doing() const noexcept { return doing_; }

 private:
  enum class readiness : std::uint8_t { readable, writable };

  std::shared_ptr<session> session_;
  std::string doing_;
  wait_limits limits_;
  bool settled_ = false;
  std::shared_ptr<queue<readiness>> ready_;  ///< shared with the descriptor's handlers, which may come late
  std::optional<boost::asio::posix::stream_descriptor> descriptor_;
  bool reading_ = false;
  bool writing_ = false;
};

}  // namespace penstock::postgres::detail
