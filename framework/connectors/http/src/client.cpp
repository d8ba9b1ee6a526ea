#include <penstock/connectors/http/client.hpp>

#include <algorithm>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <penstock/base/error.hpp>
#include <penstock/body/async_retry.hpp>

#include "encoding.hpp"
#include "multi.hpp"
#include "retry_after.hpp"

namespace penstock::http {

namespace asio = boost::asio;

client_core::client_core(client_options options)
    : budget(options.retry.budget ? *options.retry.budget : retry_budget()), options_(std::move(options)) {
  const auto& base = options_.base_url;
  if (!base.empty() && !is_http_url(base))
    throw error(errc::invalid, base, "a base URL begins with http:// or https://");
  for (const auto& [name, value] : options_.headers)
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      throw error(errc::invalid, base,
                  "the header '" + name + "' cannot be sent: a name is one word, a value one line");
  if (options_.user_agent.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    throw error(errc::invalid, base, "the user agent cannot be sent: it is one line");
  // libcurl would see them only up to there.
  for (const auto* const text : {&options_.tls.ca_file, &options_.tls.certificate, &options_.tls.key})
    if (text->find('\0') != std::string::npos) throw error(errc::invalid, base, "the name of a file has a zero in it");
  if (options_.proxy && options_.proxy->find('\0') != std::string::npos)
    throw error(errc::invalid, base, "the proxy has a zero in its name");
}

client_core::~client_core() = default;

std::shared_ptr<multi> client_core::machinery(const asio::any_io_executor& executor) {
  if (made_.load(std::memory_order_acquire)) return multi_;  // it is never changed after that
  const std::lock_guard hold(mutex_);
  if (!multi_) {
    if (closing_.stop_requested()) throw penstock::error(penstock::errc::cancelled);
    auto made = std::make_shared<multi>(options_, executor);
    made->watch_context();
    multi_ = std::move(made);
    made_.store(true, std::memory_order_release);
  }
  return multi_;
}

void client_core::close() {
  std::shared_ptr<multi> machinery;
  {
    const std::lock_guard hold(mutex_);
    closing_.request_stop();  // its callbacks take none of our locks, and nobody is told twice
    machinery = multi_;
  }
  if (machinery) machinery->post([machinery] { machinery->close(); });
}

namespace {

struct initiate_wait {
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<multi> machinery, std::shared_ptr<transfer> t) const {
    auto slot = asio::get_associated_cancellation_slot(handler);
    penstock::detail::completion<news> waiter(std::forward<Handler>(handler));
    // Before it can complete, and so before the slot can be cleared by the completion.
    if (slot.is_connected())
      slot.assign([machinery, t](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        machinery->dispatch([machinery, t] { machinery->end(*t, {std::nullopt, {}}); });
      });
    auto* const raw = machinery.get();
    raw->dispatch([machinery = std::move(machinery), t = std::move(t), waiter = std::move(waiter)]() mutable {
      machinery->attend(t, std::move(waiter));
    });
  }
};

struct canceller {
  std::shared_ptr<multi> machinery;
  std::shared_ptr<transfer> t;
  void operator()() const noexcept {
    machinery->post([machinery = machinery, t = t] { machinery->end(*t, {std::nullopt, {}}); });
  }
};

/// Ends the transfer when its coroutine goes away without having seen its end.
class last_word {
 public:
  explicit last_word(canceller end) : end_(std::move(end)) {}
  last_word(const last_word&) = delete;
  last_word& operator=(const last_word&) = delete;
  ~last_word() {
    if (end_) (*end_)();
  }
  void seen() noexcept { end_.reset(); }

 private:
  std::optional<canceller> end_;
};

/// Stops when either of two does.
class either_stop {
 public:
  either_stop(const stop_token& one, const stop_token& other) {
    first_.emplace(one.std_token(), asker{source_});
    second_.emplace(other.std_token(), asker{source_});
  }
  [[nodiscard]] stop_token token() const { return source_.token(); }

 private:
  struct asker {
    stop_source source;
    void operator()() noexcept { source.request_stop(); }
  };
  stop_source source_;
  std::optional<std::stop_callback<asker>> first_;
  std::optional<std::stop_callback<asker>> second_;
};

/// Waits for what the rates say. The permit of the host comes first, and while one waits with it for the other, no
/// other of that host takes one (see `host_lines`); it counts from when both are there, or a host would see its rate
/// exceeded.
asio::awaitable<void> take_permits(std::shared_ptr<client_core> core, std::shared_ptr<transfer> t, wait_limits limits) {
  const client_options& options = core->options();
  const either_stop stop(limits.stop, core->closing());
  const wait_limits either = stopped_by(stop.token(), limits.until);
  try {
    std::optional<rate_limiter> of_host;
    if (options.rate_per_host) {
      keyed_rate_limiter hosts = *options.rate_per_host;
      of_host.emplace(hosts.of(t->place));
      co_await of_host->async_acquire(either);
    }
    if (options.rate) {
      rate_limiter all = *options.rate;
      if (!all.try_acquire()) {
        co_await all.async_acquire(either);
        if (of_host) of_host->renew();
      }
    }
  } catch (const penstock::error& e) {
    if (e.code() != penstock::errc::timed_out) throw;
    throw error(errc::timeout, t->url, "its deadline came before the rate let it go");
  }
}

/// Worth another attempt.
bool is_passing(int status) noexcept { return status == 429 || status == 502 || status == 503 || status == 504; }

/// Over all attempts.
struct progress_of_send {
  bool delivered = false;  ///< the sink has got a piece
  bool last = true;        ///< there is no attempt after this one
  unsigned resent = 0;     ///< by libcurl, because a kept connection had broken
};

asio::awaitable<response> send_once(std::shared_ptr<client_core> core, std::shared_ptr<const request> what,
                                    const body_sink* sink, wait_limits limits, progress_of_send* progress) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  const auto machinery = core->machinery(executor);
  if (cancellation.cancelled() != asio::cancellation_type::none || limits.stop.stop_requested() || machinery->down())
    throw penstock::error(penstock::errc::cancelled);
  const auto t = std::make_shared<transfer>(core, what, sink != nullptr, limits.until);
  const canceller end{machinery, t};
  std::optional<std::stop_callback<canceller>> on_stop;
  if (limits.stop.stop_possible()) on_stop.emplace(limits.stop.std_token(), end);
  last_word unless_seen(end);
  for (;;) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(news)>(initiate_wait(), asio::use_awaitable,
                                                                              machinery, t);
    if (t->waits_for_permit) {
      co_await take_permits(core, t, limits);
      continue;
    }
    if (t->piece.empty()) break;  // done
    if (!progress->last && !progress->delivered && is_passing(t->head.status)) continue;
    progress->delivered = true;
    co_await (*sink)(t->head, t->piece);
  }
  unless_seen.seen();
  on_stop.reset();
  progress->resent += t->answer.attempts - 1;
  if (!t->problem) co_return std::move(t->answer);
  if (!t->problem->kind) throw penstock::error(penstock::errc::cancelled);
  throw error(*t->problem->kind, t->url, t->problem->why);
}

retry_verdict judge(const client_options& options, const response* answer, const std::exception_ptr& failed) {
  if (answer == nullptr) {
    try {
      std::rethrow_exception(failed);
    } catch (const error& e) {
      const auto kind = e.kind();
      return {kind == errc::resolve || kind == errc::connect || kind == errc::timeout || kind == errc::reset, {}};
    } catch (...) {
      return {};
    }
  }
  const int status = answer->status;
  if (!is_passing(status)) return {};
  const auto asked = retry_after(answer->headers.get("Retry-After"), std::chrono::system_clock::now());
  if (asked && *asked > options.retry.longest_retry_after) return {};
  return {true, asked.value_or(duration::zero())};
}

}  // namespace

asio::awaitable<response> send(std::shared_ptr<client_core> core, request asked, body_sink sink, wait_limits limits) {
  const auto what = std::make_shared<const request>(std::move(asked));
  const client_options& options = core->options();
  const body_sink* const to = sink ? &sink : nullptr;
  progress_of_send progress;
  if (options.retry.times == 0 || !may_be_repeated(*what)) {
    response answer = co_await send_once(core, what, to, limits, &progress);
    co_return std::move(answer);
  }
  // The first attempt is made here, since mostly there is no other.
  retry_budget budget = core->budget;
  budget.earn();
  progress.last = false;
  retry_outcome<response> first;
  try {
    response got = co_await send_once(core, what, to, limits, &progress);
    if (!is_passing(got.status)) co_return std::move(got);
    first.value.emplace(std::move(got));
  } catch (...) {
    first.failure = std::current_exception();
  }
  unsigned attempts = 1;
  const auto attempt = [&](unsigned number) -> asio::awaitable<response> {
    attempts = number;
    progress.last = number > options.retry.times;
    response got = co_await send_once(core, what, to, limits, &progress);
    co_return std::move(got);
  };
  const auto decide = [&](const response* got, const std::exception_ptr& failed) {
    return progress.delivered ? retry_verdict{} : judge(options, got, failed);
  };
  retry_options how;
  how.times = options.retry.times;
  how.backoff = options.retry.backoff;
  how.most = options.retry.most;
  const either_stop stop(limits.stop, core->closing());
  wait_limits either = stopped_by(stop.token(), limits.until);
  response answer =
      co_await async_retry_after<response>(std::move(first), how, budget, std::move(either), attempt, decide);
  answer.attempts = attempts + progress.resent;
  co_return std::move(answer);
}

client::client(client_options options) : core_(std::make_shared<client_core>(std::move(options))) {}

client::client(const asio::any_io_executor& executor, client_options options) : client(std::move(options)) {
  static_cast<void>(core_->machinery(executor));
}

client::~client() { core_->close(); }

asio::awaitable<response> client::async_send(request what, wait_limits limits) {
  return send(core_, std::move(what), {}, std::move(limits));
}

asio::awaitable<response> client::async_send(request what, body_sink sink, wait_limits limits) {
  return send(core_, std::move(what), std::move(sink), std::move(limits));
}

asio::awaitable<response> client::async_get(std::string path, fields params, wait_limits limits) {
  request what;
  what.url = std::move(path);
  what.params = std::move(params);
  return send(core_, std::move(what), {}, std::move(limits));
}

asio::awaitable<response> client::async_post(std::string path, http::body body, wait_limits limits) {
  request what;
  what.method = "POST";
  what.url = std::move(path);
  what.body = std::move(body);
  return send(core_, std::move(what), {}, std::move(limits));
}

std::size_t client::under_way() const noexcept { return core_->under_way.load(std::memory_order_relaxed); }

const client_options& client::options() const noexcept { return core_->options(); }

}  // namespace penstock::http
