#include <penstock/connectors/http/client.hpp>

#include <algorithm>
#include <array>
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
  if (!base.empty() && !base.starts_with("http://") && !base.starts_with("https://"))
    throw error(errc::invalid, base, "a base URL begins with http:// or https://");
  for (const auto& [name, value] : options_.headers)
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      throw error(errc::invalid, base,
                  "the header '" + name + "' cannot be sent: a name is one word, a value one line");
}

client_core::~client_core() = default;

std::shared_ptr<multi> client_core::machinery(const asio::any_io_executor& executor) {
  if (made_.load(std::memory_order_acquire)) return multi_;  // it is never changed after that
  const std::lock_guard hold(mutex_);
  if (!multi_) {
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

/// Worth another attempt.
bool is_passing(int status) noexcept { return status == 429 || status == 502 || status == 503 || status == 504; }

/// Of the sink, over all attempts.
struct sink_progress {
  bool delivered = false;  ///< it has got a piece
  bool last = true;        ///< there is no attempt after this one
};

asio::awaitable<response> send_once(std::shared_ptr<client_core> core, std::shared_ptr<const request> what,
                                    const body_sink* sink, wait_limits limits, sink_progress* progress) {
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
    if (t->piece.empty()) break;  // done
    if (!progress->last && !progress->delivered && is_passing(t->head.status)) continue;
    progress->delivered = true;
    co_await (*sink)(t->head, t->piece);
  }
  unless_seen.seen();
  on_stop.reset();
  if (!t->problem) co_return std::move(t->answer);
  if (!t->problem->kind) throw penstock::error(penstock::errc::cancelled);
  throw error(*t->problem->kind, t->url, t->problem->why);
}

/// The client's rates. In the usual case nobody has to wait, and no coroutine is made.
class permits {
 public:
  permits(const client_options& options, const request& what) : options_(options), what_(what) {}

  /// True: there were some. False: call `wait`.
  [[nodiscard]] bool take_now() {
    if (options_.rate_per_host) return false;
    if (!options_.rate) return true;
    rate_limiter all = *options_.rate;
    return all.try_acquire();
  }

  asio::awaitable<void> wait(wait_limits limits) {
    if (options_.rate_per_host) {
      const std::string url = joined_url(options_.base_url, what_.url, {});
      keyed_rate_limiter hosts = *options_.rate_per_host;
      rate_limiter one = hosts.of(host_of(url));
      co_await one.async_acquire(limits);
    }
    if (options_.rate) {
      rate_limiter all = *options_.rate;
      co_await all.async_acquire(limits);
    }
  }

 private:
  const client_options& options_;
  const request& what_;
};

bool may_be_repeated(const request& what) noexcept {
  constexpr std::array<std::string_view, 6> idempotent{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return !what.idempotency_key.empty() || std::ranges::find(idempotent, what.method) != idempotent.end();
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

asio::awaitable<response> send(std::shared_ptr<client_core> core, request asked, body_sink sink, wait_limits limits) {
  const auto what = std::make_shared<const request>(std::move(asked));
  const client_options& options = core->options();
  const body_sink* const to = sink ? &sink : nullptr;
  sink_progress progress;
  permits rates(options, *what);
  if (!rates.take_now()) co_await rates.wait(limits);
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
    if (!rates.take_now()) co_await rates.wait(limits);
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
  response answer = co_await async_retry_after<response>(std::move(first), how, budget, limits, attempt, decide);
  answer.attempts = attempts;
  co_return std::move(answer);
}

}  // namespace

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
