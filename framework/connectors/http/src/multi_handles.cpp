// The easy handles of a client, and what libcurl calls.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>

#include "multi.hpp"

namespace penstock::http {
namespace {

using std::chrono::steady_clock;
constexpr std::size_t most_spare = 1024;

}  // namespace

easy_slot* multi::take_slot() {
  if (!spare_.empty()) {
    auto* const slot = spare_.back();
    spare_.pop_back();
    return slot;
  }
  auto made = std::make_unique<easy_slot>();
  made->easy = ::curl_easy_init();
  if (made->easy == nullptr) throw std::bad_alloc();
  configure(*made);
  return made.release();
}

void multi::release(transfer& t) noexcept {
  auto* const slot = std::exchange(t.slot, nullptr);
  if (slot == nullptr) return;
  {
    const inside guard(in_curl_);
    ::curl_multi_remove_handle(handles_.get(), slot->easy);
  }
  slot->of = nullptr;
  if (spare_.size() >= most_spare || closed_) {
    delete slot;
    return;
  }
  try {
    if (!t.plain()) {
      ::curl_easy_reset(slot->easy);
      slot->url.clear();
      slot->limit_ms = 0;
      slot->waits_for_pipe = false;
      configure(*slot);
    }
    spare_.push_back(slot);
  } catch (const std::exception&) {
    delete slot;
  }
}

// libcurl's calls

int multi::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  std::uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  return static_cast<multi*>(self)->sockets_.want(socket, events) ? 0 : -1;
}

int multi::on_timer(CURLM*, long ms, void* self) noexcept {
  auto& m = *static_cast<multi*>(self);
  m.timer_set_ = true;
  m.due_ = ms < 0 ? no_time : steady_clock::now() + std::chrono::milliseconds(ms);
  return 0;
}

curl_socket_t multi::on_open(void* which, curlsocktype, curl_sockaddr* address) noexcept {
  auto& t = *static_cast<easy_slot*>(which)->of;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) {
    t.open_error = errno;
    return CURL_SOCKET_BAD;
  }
  try {
    auto& m = t.machinery();
    m.sockets_.opened(socket);
    if (t.pioneer) m.let_go(t.looked_up ? m.gate_.resolved(t, clock::now()) : m.gate_.passed(t));
  } catch (const std::bad_alloc&) {
    ::close(socket);
    return CURL_SOCKET_BAD;
  }
  return socket;
}

int multi::on_close(void* self, curl_socket_t socket) noexcept {
  static_cast<multi*>(self)->sockets_.closed(socket);
  return ::close(socket);
}

int multi::on_resolve(void*, void*, void* which) noexcept {
  static_cast<easy_slot*>(which)->of->looked_up = true;
  return 0;
}

int multi::on_request(void* which, char*, char*, int, int) noexcept {
  auto& t = *static_cast<easy_slot*>(which)->of;
  if (!t.may_go_out()) return CURL_PREREQFUNC_ABORT;
  if (!t.pioneer) return CURL_PREREQFUNC_OK;
  try {
    auto& m = t.machinery();
    m.let_go(m.gate_.passed(t));
    return CURL_PREREQFUNC_OK;
  } catch (const std::bad_alloc&) {
    return CURL_PREREQFUNC_ABORT;
  }
}

std::size_t multi::on_header(char* data, std::size_t, std::size_t size, void* which) noexcept {
  return static_cast<easy_slot*>(which)->of->take_header({data, size});
}

std::size_t multi::on_body(char* data, std::size_t, std::size_t size, void* which) noexcept {
  return static_cast<easy_slot*>(which)->of->take_body({data, size});
}

void multi::configure(easy_slot& slot) const {
  auto* const easy = slot.easy;
  const auto ms = [](duration d) { return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(d).count()); };
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_QUICK_EXIT, 1L);  // else it waits, here, for the end of a look-up that was given up
  set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_FOLLOWLOCATION, options_.redirects > 0 ? 1L : 0L);
  set_option(easy, CURLOPT_MAXREDIRS, static_cast<long>(options_.redirects));
  set_option(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options_.user_agent.empty()) set_option(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  if (options_.connect_timeout > duration::zero())
    set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(options_.connect_timeout));
  if (options_.compressed) set_option(easy, CURLOPT_ACCEPT_ENCODING, "");
  set_option(easy, CURLOPT_HTTP_VERSION,
             options_.http2 ? static_cast<long>(CURL_HTTP_VERSION_2TLS) : static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (options_.proxy) set_option(easy, CURLOPT_PROXY, options_.proxy->c_str());
  if (!options_.tls.verify) {
    set_option(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set_option(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options_.tls.ca_file.empty()) set_option(easy, CURLOPT_CAINFO, options_.tls.ca_file.c_str());
  if (!options_.tls.certificate.empty()) set_option(easy, CURLOPT_SSLCERT, options_.tls.certificate.c_str());
  if (!options_.tls.key.empty()) set_option(easy, CURLOPT_SSLKEY, options_.tls.key.c_str());
  if (headers_) set_option(easy, CURLOPT_HTTPHEADER, headers_.get());
  set_option(easy, CURLOPT_WRITEFUNCTION, &multi::on_body);
  set_option(easy, CURLOPT_HEADERFUNCTION, &multi::on_header);
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &multi::on_open);
  set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, &multi::on_close);
  set_option(easy, CURLOPT_CLOSESOCKETDATA, this);
  set_option(easy, CURLOPT_PREREQFUNCTION, &multi::on_request);
  set_option(easy, CURLOPT_PRIVATE, &slot);
  set_option(easy, CURLOPT_WRITEDATA, &slot);
  set_option(easy, CURLOPT_HEADERDATA, &slot);
  set_option(easy, CURLOPT_OPENSOCKETDATA, &slot);
  set_option(easy, CURLOPT_PREREQDATA, &slot);
  set_option(easy, CURLOPT_RESOLVER_START_FUNCTION, &multi::on_resolve);
  set_option(easy, CURLOPT_RESOLVER_START_DATA, &slot);
  set_option(easy, CURLOPT_ERRORBUFFER, slot.text.data());
}

}  // namespace penstock::http
