#include "transfer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "encoding.hpp"
#include "multi.hpp"

namespace penstock::http {
namespace {

constexpr std::size_t most_header_bytes = std::size_t{256} << 10;

void check_field(const std::string& url, const std::string& name, const std::string& value) {
  if (!is_token(name)) throw error(errc::invalid, url, "'" + name + "' cannot be the name of a header");
  if (std::ranges::any_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }))
    throw error(errc::invalid, url, "the value of the header " + name + " has a line end in it");
}

long whole_ms(duration d) noexcept {
  using std::chrono::milliseconds;
  return static_cast<long>(std::max<milliseconds::rep>(std::chrono::ceil<milliseconds>(d).count(), 1));
}

}  // namespace

void append(slist& list, const std::string& line) {
  auto* const longer = ::curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  [[maybe_unused]] const auto* const first = list.release();  // part of the longer one
  list.reset(longer);
}

std::string header_line(const std::string& name, const std::string& value) {
  return value.empty() ? name + ':' : name + ": " + value;
}

transfer::transfer(std::shared_ptr<client_core> its_owner, std::shared_ptr<const request> of, bool to_sink,
                   time_point deadline)
    : owner(std::move(its_owner)),
      options(owner->options()),
      kept_request(std::move(of)),
      what(*kept_request),
      url(joined_url(options.base_url, what.url, what.params)),
      place(place_of(url)),
      needs_permit(options.rate || options.rate_per_host),
      streams(to_sink),
      until(deadline) {
  if (!is_token(what.method)) throw error(errc::invalid, url, "'" + what.method + "' cannot be a method");
  if (!is_http_url(url)) throw error(errc::invalid, url, "a URL begins with http:// or https://");
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }))
    throw error(errc::invalid, url, "a URL has no spaces or control characters; they are percent-encoded");
  const bool has_body = !what.body.bytes.empty() || !what.body.content_type.empty();
  if (has_body && what.method == "HEAD") throw error(errc::invalid, url, "a HEAD request has no body");
  if (what.headers.empty() && !has_body && what.idempotency_key.empty()) return;
  for (const auto& [name, value] : what.headers) check_field(url, name, value);
  check_field(url, "Idempotency-Key", what.idempotency_key);
  check_field(url, "Content-Type", what.body.content_type);
  const auto among = [](const fields& list, std::string_view name) {
    return std::ranges::any_of(list, [&](const auto& one) { return same_name(one.first, name); });
  };
  for (const auto& [name, value] : options.headers)
    if (!among(what.headers, name)) append(headers_, header_line(name, value));
  for (const auto& [name, value] : what.headers) append(headers_, header_line(name, value));
  if (has_body && !among(what.headers, "Content-Type"))
    append(headers_, header_line("Content-Type", what.body.content_type));
  if (!what.idempotency_key.empty()) append(headers_, "Idempotency-Key: " + what.idempotency_key);
}

bool may_be_repeated(const request& what) noexcept {
  constexpr std::array<std::string_view, 6> idempotent{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return !what.idempotency_key.empty() || std::ranges::find(idempotent, what.method) != idempotent.end();
}

bool transfer::plain() const noexcept {
  return what.method == "GET" && !headers_ && what.body.bytes.empty() && what.body.content_type.empty();
}

multi& transfer::machinery() const noexcept { return owner->machinery(); }

void transfer::tell(easy_slot& told) {
  slot = &told;
  slot->of = this;
  slot->text[0] = 0;
  auto* const easy = slot->easy;
  told_ = clock::now();
  if (needs_permit) began_ = told_;  // what it waited for its permits is not part of the attempt
  if (slot->url != url) {
    set_option(easy, CURLOPT_URL, url.c_str());
    slot->url = url;
    if (const bool waits = options.http2 && is_https_url(url); waits != slot->waits_for_pipe) {
      set_option(easy, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
      slot->waits_for_pipe = waits;
    }
  }
  const auto limit = ends();
  limit_ms_ = limit == never ? 0 : whole_ms(limit - told_);
  if (limit_ms_ != slot->limit_ms) set_option(easy, CURLOPT_TIMEOUT_MS, limit_ms_);
  slot->limit_ms = limit_ms_;
  if (headers_) set_option(easy, CURLOPT_HTTPHEADER, headers_.get());
  const bool has_body = !what.body.bytes.empty() || !what.body.content_type.empty();
  if (has_body || what.method == "POST") {
    set_option(easy, CURLOPT_POST, 1L);
    set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body.bytes.size()));
    set_option(easy, CURLOPT_POSTFIELDS, what.body.bytes.data());
    if (what.method != "POST") set_option(easy, CURLOPT_CUSTOMREQUEST, what.method.c_str());
  } else if (what.method == "HEAD") {
    set_option(easy, CURLOPT_NOBODY, 1L);
  } else if (what.method != "GET") {
    set_option(easy, CURLOPT_CUSTOMREQUEST, what.method.c_str());
  }
  // libcurl would send a method of ours again to wherever a 303 leads, where a GET is meant.
  if (!may_be_redirected()) set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
}

bool transfer::may_be_redirected() const noexcept {
  const bool has_body = !what.body.bytes.empty() || !what.body.content_type.empty();
  return what.method == "POST" || what.method == "HEAD" || (what.method == "GET" && !has_body);
}

time_point transfer::ends() const noexcept {
  return options.timeout > duration::zero() ? std::min(until, after(began_, options.timeout)) : until;
}

bool transfer::may_go_out() noexcept {
  long redirects = 0;
  ::curl_easy_getinfo(slot->easy, CURLINFO_REDIRECT_COUNT, &redirects);
  const bool again = std::exchange(sent_, true) && redirects == redirects_;
  redirects_ = redirects;
  if (!again) return true;
  ++answer.attempts;
  repeat_refused_ = !may_be_repeated(what);
  return !repeat_refused_;
}

void transfer::ended(CURLcode code) {
  if (code == CURLE_OK) {
    const char* where = nullptr;
    ::curl_easy_getinfo(slot->easy, CURLINFO_EFFECTIVE_URL, &where);
    answer.url = where != nullptr ? where : url;
    long status = 0;
    ::curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  } else {
    problem = explained(code);
  }
  answer.elapsed = clock::now() - began_;
  done = true;
}

void transfer::failed(failure why) {
  problem = std::move(why);
  answer.elapsed = clock::now() - began_;
  done = true;
}

failure transfer::explained(CURLcode code) const {
  const auto because = [&](std::string lead) {
    const std::string_view detail(slot->text.data());
    if (!detail.empty()) lead += ": " + std::string(detail);
    return lead;
  };
  long redirects = 0;
  curl_off_t connected = 0;
  ::curl_easy_getinfo(slot->easy, CURLINFO_REDIRECT_COUNT, &redirects);
  ::curl_easy_getinfo(slot->easy, CURLINFO_CONNECT_TIME_T, &connected);
  if (repeat_refused_)
    return {errc::reset, "the connection broke without an answer, and the request may not be sent twice"};
  if (open_error == EMFILE || open_error == ENFILE)
    return {errc::connect, "cannot connect: too many files are open (see ulimit -n)"};
  if (no_memory_) return {errc::other, "out of memory"};
  if (body_too_large_)
    return {errc::too_large, "the body has more than " + std::to_string(options.max_body) + " bytes"};
  if (headers_too_large_)
    return {errc::malformed, "the headers have more than " + std::to_string(most_header_bytes) + " bytes"};
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return {errc::resolve, because("the name has no address")};
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY: return {errc::connect, because("cannot connect")};
    case CURLE_OPERATION_TIMEDOUT: {
      const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - told_).count();
      if (limit_ms_ > 0 && taken + 1 >= limit_ms_)
        return {errc::timeout, "no whole answer within " + std::to_string(limit_ms_) + " ms"};
      return {errc::timeout, "no connection within " + std::to_string(whole_ms(options.connect_timeout)) + " ms"};
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED: return {errc::tls, because("no secure connection")};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return {errc::reset, because("the connection broke")};
    case CURLE_PARTIAL_FILE: return {errc::reset, because("the answer ended too early")};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP_RETURNED_ERROR: return {errc::malformed, because("what came is no HTTP")};
    case CURLE_TOO_MANY_REDIRECTS: return {errc::redirects, because("too many redirects")};
    case CURLE_URL_MALFORMAT: return {redirects > 0 ? errc::redirects : errc::invalid, because("this is no URL")};
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (answer.status >= 300 && answer.status < 400)
        return {errc::redirects, because("a redirect to where no request may go")};
      return {connected > 0 ? errc::malformed : errc::invalid, because("what came is no HTTP")};
    default: return {errc::other, because(::curl_easy_strerror(code))};
  }
}

std::size_t transfer::take_header(std::string_view line) noexcept {
  try {
    if (line.starts_with("HTTP/")) {
      answer.headers.clear();
      answer.status = 0;
      const auto space = line.find(' ');
      for (auto at = space + 1; space != std::string_view::npos && at < line.size() && at < space + 4; ++at)
        if (line[at] >= '0' && line[at] <= '9') answer.status = 10 * answer.status + (line[at] - '0');
      return line.size();
    }
    header_bytes_ += line.size();
    if (header_bytes_ > most_header_bytes) {
      headers_too_large_ = true;
      return 0;
    }
    if (line.size() > 2) answer.headers.append_line(line);
    return line.size();
  } catch (...) {
    no_memory_ = true;
    return 0;
  }
}

std::size_t transfer::take_body(std::string_view part) noexcept {
  try {
    if (streams) {
      if (arrived.size() >= options.sink_buffer) {
        paused = true;
        return CURL_WRITEFUNC_PAUSE;
      }
      if (answer.url.empty()) {
        const char* where = nullptr;
        ::curl_easy_getinfo(slot->easy, CURLINFO_EFFECTIVE_URL, &where);
        answer.url = where != nullptr ? where : url;
        head = answer;
      }
      arrived += part;
      owner->has_piece(*this);
    } else {
      if (part.size() > options.max_body - answer.bytes) {
        body_too_large_ = true;
        return 0;
      }
      if (what.keep_body) answer.body += part;
    }
    answer.bytes += part.size();
    return part.size();
  } catch (...) {
    no_memory_ = true;
    return 0;
  }
}

}  // namespace penstock::http
