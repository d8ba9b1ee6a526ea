// What libcurl is told once for each handle, and what it calls.
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "multi.hpp"

namespace penstock::http {
namespace {

constexpr std::size_t most_spare = 1024;

}  // namespace

void multi::discard(easy_slot* slot) noexcept {
  ::curl_easy_cleanup(slot->easy);
  delete slot;
}

easy_slot* multi::take_slot() {
  if (!spare_.empty()) {
    auto* const slot = spare_.back();
    spare_.pop_back();
    return slot;
  }
  auto made = std::make_unique<easy_slot>();
  made->easy = ::curl_easy_init();
  if (made->easy == nullptr) return nullptr;
  configure(*made);
  return made.release();
}

void multi::release(transfer& t) noexcept {
  auto* const slot = std::exchange(t.slot, nullptr);
  if (slot == nullptr) return;
  {
    const inside guard(in_curl_);
    ::curl_multi_remove_handle(handles_, slot->easy);
  }
  slot->of = nullptr;
  if (spare_.size() >= most_spare || closed_) return discard(slot);
  if (!t.plain()) {
    ::curl_easy_reset(slot->easy);
    slot->url.clear();
    slot->limit_ms = 0;
    slot->waits_for_pipe = false;
    configure(*slot);
  }
  try {
    spare_.push_back(slot);
  } catch (const std::bad_alloc&) {
    discard(slot);
  }
}

int multi::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  std::uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  return static_cast<multi*>(self)->sockets_.want(socket, events) ? 0 : -1;
}

int multi::on_timer(CURLM*, long ms, void* self) noexcept {
  auto& m = *static_cast<multi*>(self);
  m.timer_set_ = true;
  using std::chrono::steady_clock;
  m.due_ = ms < 0 ? steady_clock::time_point::max() : steady_clock::now() + std::chrono::milliseconds(ms);
  return 0;
}

curl_socket_t multi::on_open(void* which, curlsocktype, curl_sockaddr* address) noexcept {
  auto& t = *static_cast<easy_slot*>(which)->of;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  try {
    auto& m = t.machinery();
    m.sockets_.opened(socket);
    t.resolved = true;
    if (t.pioneer) m.let_go(m.gate_.resolved(t, clock::now()));
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

int multi::on_request(void* which, char*, char*, int, int) noexcept {
  auto& t = *static_cast<easy_slot*>(which)->of;
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
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options_.redirects > 0 ? 1L : 0L);
  ::curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(options_.redirects));
  ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options_.user_agent.empty()) ::curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  if (options_.connect_timeout > duration::zero())
    ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(options_.connect_timeout));
  if (options_.compressed) ::curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  ::curl_easy_setopt(
      easy, CURLOPT_HTTP_VERSION,
      options_.http2 ? static_cast<long>(CURL_HTTP_VERSION_2TLS) : static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (options_.proxy) ::curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy->c_str());
  if (!options_.tls.verify) {
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options_.tls.ca_file.empty()) ::curl_easy_setopt(easy, CURLOPT_CAINFO, options_.tls.ca_file.c_str());
  if (!options_.tls.certificate.empty()) ::curl_easy_setopt(easy, CURLOPT_SSLCERT, options_.tls.certificate.c_str());
  if (!options_.tls.key.empty()) ::curl_easy_setopt(easy, CURLOPT_SSLKEY, options_.tls.key.c_str());
  if (headers_) ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &multi::on_body);
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &multi::on_header);
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &multi::on_open);
  ::curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &multi::on_close);
  ::curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &multi::on_request);
  ::curl_easy_setopt(easy, CURLOPT_PRIVATE, &slot);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &slot);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, &slot);
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &slot);
  ::curl_easy_setopt(easy, CURLOPT_PREREQDATA, &slot);
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot.text.data());
}

}  // namespace penstock::http
