// A client's machinery: libcurl's multi interface, its sockets and its timer, on one strand.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <penstock/connectors/http/client.hpp>
#include <penstock/sync/detail/async_waiter.hpp>

#include "epoll_set.hpp"
#include "host_lines.hpp"
#include "name_gate.hpp"
#include "transfer.hpp"

namespace penstock::http {

inline constexpr auto no_time = std::chrono::steady_clock::time_point::max();

/// libcurl must not be called from inside of itself.
class inside {
 public:
  explicit inside(bool& flag) noexcept : flag_(flag), before_(std::exchange(flag, true)) {}
  ~inside() { flag_ = before_; }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;

 private:
  bool& flag_;
  bool before_;
};

/// Sends transfers of one context. All of it is touched on its strand, except where it says so.
class multi final : public penstock::detail::context_watcher, public std::enable_shared_from_this<multi> {
 public:
  using strand_type = boost::asio::strand<boost::asio::any_io_executor>;

  multi(const client_options& options, const boost::asio::any_io_executor& executor);
  ~multi();

  /// On the strand, at once if this is it. Any thread of the context.
  template <class F>
  void dispatch(F&& f) {
    if (strand_) boost::asio::dispatch(*strand_, std::forward<F>(f));
  }

  /// On the strand, later. Any thread; false: the context is gone.
  template <class F>
  bool post(F&& f) {
    const std::lock_guard hold(waits_->mutex);
    if (waits_->down) return false;
    boost::asio::post(*strand_, std::forward<F>(f));
    return true;
  }

  /// Any thread.
  [[nodiscard]] bool down() const noexcept { return down_.load(std::memory_order_relaxed); }

  /// Starts `t` if it has not begun, and calls `waiter` when it has news.
  void attend(const std::shared_ptr<transfer>& t, penstock::detail::completion<news> waiter);

  /// Ends it, at once, with `why`.
  void end(transfer& t, failure why);

  /// Its sink has something to do.
  void has_piece(transfer& t);

  /// Cancels all, for good.
  void close();

  /// Call once, when it is shared.
  void watch_context();

 private:
  // Called by libcurl.
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long ms, void* self) noexcept;
  static curl_socket_t on_open(void* which, curlsocktype, curl_sockaddr* address) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;
  static int on_resolve(void*, void*, void* which) noexcept;
  static int on_request(void* which, char*, char*, int, int) noexcept;
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* which) noexcept;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* which) noexcept;

  void context_goes_down() noexcept override;

  void configure(easy_slot& slot) const;
  [[nodiscard]] easy_slot* take_slot();
  void release(transfer& t) noexcept;
  void begin(const std::shared_ptr<transfer>& t);
  void pass_line(const std::shared_ptr<transfer>& t);
  void pass_gate(transfer& t);
  void limit_wait(const std::shared_ptr<transfer>& t, const char* why);
  void add(transfer& t);
  void link(transfer& t) noexcept;
  void unlink(transfer& t) noexcept;
  void finish(transfer& t);
  void tell(transfer& t);
  void leave_gate(transfer& t);
  void let_go(name_gate::waiting those);
  void let_in(host_lines::waiting those);

  void kick_soon();
  void on_ready();
  void on_alarm();
  void act(curl_socket_t socket, int events);
  void finish_round();
  void read_results();
  void wait_for_sockets();
  void set_alarm();

  const client_options options_;
  std::optional<strand_type> strand_;  ///< constant until the context goes down, which it must not outlive
  std::shared_ptr<penstock::detail::context_waits> waits_;

  epoll_set sockets_;
  std::optional<boost::asio::posix::basic_stream_descriptor<strand_type>> ready_;
  std::optional<boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>>
      alarm_;
  struct multi_free {
    void operator()(CURLM* handles) const noexcept { ::curl_multi_cleanup(handles); }
  };
  std::unique_ptr<CURLM, multi_free> handles_;
  slist headers_;                  ///< of every request
  std::vector<easy_slot*> spare_;  ///< configured, and ready for a GET
  host_lines lines_;
  name_gate gate_;
  host_lines::waiting let_in_;   ///< out of the line, to go on once libcurl has returned
  name_gate::waiting released_;  ///< through the gate, the same
  transfer* first_ = nullptr;
  std::size_t under_way_ = 0;
  std::chrono::steady_clock::time_point due_ = no_time;
  std::chrono::steady_clock::time_point armed_ = no_time;
  std::vector<std::pair<std::shared_ptr<transfer>, failure>> ending_;  ///< asked for inside of libcurl
  std::atomic<bool> down_{false};  ///< relaxed: a caller of another thread must not race with the end of its context
  bool in_curl_ = false;
  bool waiting_ = false;  ///< for the sockets
  bool kicked_ = false;
  bool timer_set_ = false;  ///< libcurl has said when it wants to be called
  bool closed_ = false;
};

/// What a client's handle holds: the options, and the machinery once there is a context.
class client_core {
 public:
  /// Throws `error` (invalid) for options that cannot be.
  explicit client_core(client_options options);
  client_core(const client_core&) = delete;
  client_core& operator=(const client_core&) = delete;
  ~client_core();

  [[nodiscard]] const client_options& options() const noexcept { return options_; }

  /// The first executor decides on the context. Any thread. Throws `penstock::error` (cancelled) after `close`.
  std::shared_ptr<multi> machinery(const boost::asio::any_io_executor& executor);

  /// Once there is one, and only from it.
  [[nodiscard]] multi& machinery() const noexcept { return *multi_; }

  void has_piece(transfer& t) { multi_->has_piece(t); }

  /// Cancels all that is under way, and whatever comes.
  void close();

  /// Stops when the client is closed.
  [[nodiscard]] stop_token closing() const { return closing_.token(); }

  retry_budget budget;  ///< safe from any thread, as the next
  std::atomic<std::size_t> under_way{0};

 private:
  const client_options options_;
  stop_source closing_;
  std::mutex mutex_;
  std::shared_ptr<multi> multi_;  // set once, under mutex_
  std::atomic<bool> made_{false};
};

/// For what is built on a client and may outlive it.
struct client_access {
  static const std::shared_ptr<client_core>& core_of(const client& c) noexcept { return c.core_; }
};

/// One request with all its attempts.
boost::asio::awaitable<response> send(std::shared_ptr<client_core> core, request asked, body_sink sink,
                                      wait_limits limits);

}  // namespace penstock::http
