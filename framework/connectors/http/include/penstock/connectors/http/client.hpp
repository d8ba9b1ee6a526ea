// The client: keeps connections, sends requests, gives answers.
//
// All calls may come from any thread and any strand of one Asio context. A request is a coroutine: it suspends only the
// one who awaits it, and no thread is made for it; names are looked up on threads of libcurl's, one for each name at a
// time. Work for all requests is done on one strand of that context.
//
// Cancelling the coroutine (any type of Asio's cancellation), a stop and the deadline of the limits, and the timeouts
// of the options end a request at once: its connection is closed (one that others share over HTTP/2 stays), and it
// throws `penstock::error` (cancelled) or `http::error` (timeout). Destroying the client cancels what is under way,
// also what waits for a rate or to try again. A client may outlive the context; then every request is refused as
// cancelled.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <penstock/connectors/http/error.hpp>
#include <penstock/connectors/http/message.hpp>
#include <penstock/connectors/http/options.hpp>
#include <penstock/sync/wait_limits.hpp>

namespace penstock::http {

class client_core;
struct client_access;

/// Takes a body piece by piece. It may suspend: the server is held back meanwhile. `so_far` has the status and the
/// headers. The piece is valid until the sink is done. What it throws ends the request, and comes out of it.
using body_sink = std::function<boost::asio::awaitable<void>(const response& so_far, std::string_view piece)>;

class client {
 public:
  /// Works on the context of the coroutine that sends its first request. Throws `http::error` (invalid) for options
  /// that cannot be.
  explicit client(client_options options = {});

  /// Works on the context of `executor`.
  client(const boost::asio::any_io_executor& executor, client_options options);

  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// The answer, whatever its status. Throws `http::error`, or `penstock::error` (cancelled).
  boost::asio::awaitable<response> async_send(request what, wait_limits limits = {});

  /// The same, with the body going to `sink`. Not tried again once the sink has got a piece; the body of an answer that
  /// its status makes worth another attempt, if there may be one, does not go there.
  boost::asio::awaitable<response> async_send(request what, body_sink sink, wait_limits limits = {});

  boost::asio::awaitable<response> async_get(std::string path, fields params = {}, wait_limits limits = {});

  /// The body is `json(…)`, `form(…)` or `bytes(…)`.
  boost::asio::awaitable<response> async_post(std::string path, http::body body, wait_limits limits = {});

  /// Requests that were started and have not ended.
  [[nodiscard]] std::size_t under_way() const noexcept;

  [[nodiscard]] const client_options& options() const noexcept;

 private:
  friend struct client_access;
  std::shared_ptr<client_core> core_;
};

}  // namespace penstock::http
