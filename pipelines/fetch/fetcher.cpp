#include "fetcher.hpp"

#include <fmt/format.h>

#include <utility>

#include <penstock/sync/rate_limiter.hpp>

#include "journal.hpp"

namespace fetch {
namespace {

penstock::http::client_options client_options_of(const options& how) {
  auto made = how.client;
  if (how.rate) made.rate = penstock::rate_limiter(*how.rate);
  if (how.rate_per_host) made.rate_per_host = penstock::keyed_rate_limiter(*how.rate_per_host);
  return made;
}

}  // namespace

fetcher::fetcher(const options& how, std::uint64_t job)
    : how_(&how), job_(job), client_(std::make_shared<penstock::http::client>(client_options_of(how))) {}

boost::asio::awaitable<fetched> fetcher::operator()(target what) const {
  fetched result;
  result.what = std::move(what);
  penstock::http::request request;
  request.method = how_->method;
  request.url = result.what.url;
  request.body = how_->body;
  request.keep_body = how_->output_is_directory;
  if (how_->idempotency_keys)
    request.idempotency_key = fmt::format("{:016x}-{}-{:016x}", job_, result.what.number, fingerprint(result.what.url));
  try {
    result.answer = co_await client_->async_send(std::move(request));
  } catch (const penstock::http::error& e) {
    result.kind = penstock::http::name_of(e.kind());
    result.error = e.why();
  }
  co_return std::move(result);
}

}  // namespace fetch
