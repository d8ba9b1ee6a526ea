#include <penstock/connectors/http/batch.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <penstock/base/stop.hpp>
#include <penstock/sync/queue.hpp>

#include "multi.hpp"

namespace penstock::http {
namespace {

namespace asio = boost::asio;

struct batch {
  batch(std::shared_ptr<client_core> c, std::vector<std::string> e, std::size_t workers)
      : core(std::move(c)), endpoints(std::move(e)), results(endpoints.size()), ended(workers) {}
  const std::shared_ptr<client_core> core;  // the client may go before its workers do
  std::vector<std::string> endpoints;
  std::vector<std::optional<result>> results;
  std::atomic<std::size_t> next{0};
  stop_source stop;
  queue<char> ended;  ///< an item for each worker that is through
};

asio::awaitable<void> work(std::shared_ptr<batch> all, time_point until) {
  for (;;) {
    const auto at = all->next.fetch_add(1);
    if (at >= all->endpoints.size()) break;
    try {
      wait_limits limits = stopped_by(all->stop.token(), until);
      request what;
      what.url = std::move(all->endpoints[at]);
      response answer = co_await send(all->core, std::move(what), {}, std::move(limits));
      all->results[at].emplace(std::move(answer));
    } catch (...) {
      all->results[at].emplace(std::current_exception());
    }
  }
  static_cast<void>(all->ended.try_put('.'));
}

}  // namespace

asio::awaitable<std::vector<result>> batch_get(client& from, std::vector<std::string> endpoints, batch_options options,
                                               wait_limits limits) {
  const auto workers = std::min(std::max<std::size_t>(options.max_concurrent, 1), endpoints.size());
  if (workers == 0) co_return std::vector<result>{};
  const auto executor = co_await asio::this_coro::executor;
  const auto all = std::make_shared<batch>(client_access::core_of(from), std::move(endpoints), workers);
  struct at_end {
    stop_source stop;
    ~at_end() { stop.request_stop(); }
  };
  const at_end whatever_happens{all->stop};
  // The results say that it was cancelled; an exception would leave the workers behind.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  auto stop_all = [source = all->stop]() mutable { source.request_stop(); };
  std::optional<std::stop_callback<decltype(stop_all)>> on_stop;
  if (limits.stop.stop_possible()) on_stop.emplace(limits.stop.std_token(), stop_all);
  for (std::size_t i = 0; i < workers; ++i) asio::co_spawn(executor, work(all, limits.until), asio::detached);
  for (auto left = workers; left > 0;) {
    const got<char> one = co_await all->ended.async_get();
    if (one) {
      --left;
    } else {  // cancelled: so are they, and they are waited for
      all->stop.request_stop();
      auto fresh = asio::this_coro::reset_cancellation_state();
      co_await fresh;
    }
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  std::vector<result> results;
  results.reserve(all->results.size());
  for (auto& one : all->results) results.push_back(std::move(*one));
  co_return std::move(results);
}

}  // namespace penstock::http
