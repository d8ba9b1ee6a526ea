// What is done with a URL: one request, and one result whatever comes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <penstock/connectors/http.hpp>

#include "options.hpp"
#include "url_source.hpp"

namespace fetch {

struct fetched {
  target what;
  penstock::http::response answer;
  std::string kind;   ///< of the error; empty: there is an answer
  std::string error;  ///< a sentence

  [[nodiscard]] bool ok() const noexcept { return kind.empty() && answer.status < 400; }
};

/// A body for `async_transform`. Throws only when it is cancelled.
class fetcher {
 public:
  /// `job`: a number that goes into every idempotency key.
  fetcher(const options& how, std::uint64_t job);

  boost::asio::awaitable<fetched> operator()(target what) const;

 private:
  const options* how_;
  std::uint64_t job_;
  std::shared_ptr<penstock::http::client> client_;
};

}  // namespace fetch
