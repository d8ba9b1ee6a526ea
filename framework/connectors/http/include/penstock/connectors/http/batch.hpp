// Many requests, one result for each.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <penstock/connectors/http/client.hpp>

namespace penstock::http {

/// What became of one request: an answer, or why there is none.
class [[nodiscard]] result {
 public:
  explicit result(response answer) : answer_(std::move(answer)) {}
  // NOLINTNEXTLINE(bugprone-throw-keyword-missing): it is kept
  explicit result(std::exception_ptr why) : why_(std::move(why)) {}

  /// There is an answer, whatever its status.
  [[nodiscard]] explicit operator bool() const noexcept { return !why_; }

  /// The answer; rethrows what stood in its way.
  [[nodiscard]] response& value() { return check(), answer_; }
  [[nodiscard]] const response& value() const { return check(), answer_; }
  [[nodiscard]] response& operator*() { return value(); }
  [[nodiscard]] response* operator->() { return &value(); }

  /// Null if there is an answer.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return why_; }

 private:
  void check() const {
    if (why_) std::rethrow_exception(why_);
  }

  response answer_;
  std::exception_ptr why_;
};

struct batch_options {
  std::size_t max_concurrent = 10;  ///< requests under way at once, at least 1
};

/// GETs all, and gives a result for each, in the order of the endpoints; one that fails changes nothing for the others.
/// Cancelling it, the limits and the end of the client end those under way, and the results say so; the call itself
/// throws only where there is no memory. Results are all in memory: for more than fits, an `async_transform` is the
/// better place.
boost::asio::awaitable<std::vector<result>> batch_get(client& from, std::vector<std::string> endpoints,
                                                      batch_options options = {}, wait_limits limits = {});

}  // namespace penstock::http
