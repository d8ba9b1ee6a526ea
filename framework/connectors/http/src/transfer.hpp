// One attempt at a request: what libcurl is told of it, and what came of it. Belongs to the strand of its client from
// the first wait on; what `piece`, `head` and the result hold is for whoever waits, once that is over.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <penstock/base/clock.hpp>
#include <penstock/connectors/http/error.hpp>
#include <penstock/connectors/http/message.hpp>
#include <penstock/connectors/http/options.hpp>
#include <penstock/sync/detail/handler.hpp>

namespace penstock::http {

class client_core;
class multi;
class transfer;

/// How a request came to nothing.
struct failure {
  std::optional<errc> kind;  ///< nothing: it was cancelled
  std::string why;
};

/// Something happened: it is done, or there is a piece for its sink.
struct news {};

struct slist_free {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};
using slist = std::unique_ptr<curl_slist, slist_free>;

/// Appends a line. Throws `std::bad_alloc`.
void append(slist& list, const std::string& line);

/// "Name: value", or "Name:" which leaves the header out, as libcurl wants it.
std::string header_line(const std::string& name, const std::string& value);

/// Tells the handle. Throws when libcurl does not take it, mostly because there is no memory.
template <class Value>
void set_option(CURL* easy, CURLoption option, Value value) {
  if (const auto code = ::curl_easy_setopt(easy, option, value); code != CURLE_OK)
    throw std::runtime_error(::curl_easy_strerror(code));
}

/// Sending it twice does no harm.
bool may_be_repeated(const request& what) noexcept;

/// An easy handle, with what it was told last: to tell it costs time, and mostly it is the same again.
struct easy_slot {
  easy_slot() = default;
  easy_slot(const easy_slot&) = delete;
  easy_slot& operator=(const easy_slot&) = delete;
  ~easy_slot() { ::curl_easy_cleanup(easy); }

  CURL* easy = nullptr;
  transfer* of = nullptr;  ///< whose callbacks are called
  std::string url;
  long limit_ms = 0;
  bool waits_for_pipe = false;
  std::array<char, CURL_ERROR_SIZE> text{};
};

class transfer {
 public:
  transfer(std::shared_ptr<client_core> owner, std::shared_ptr<const request> of, bool to_sink, time_point deadline);
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer() = default;

  /// From now on its time runs.
  void start_clock(time_point now) noexcept { began_ = now; }

  /// When its time is over: of its timeout and its deadline the earlier.
  [[nodiscard]] time_point ends() const noexcept;

  /// Tells the handle, which has the client's own options, all of this request. Throws what `set_option` throws.
  void tell(easy_slot& slot);

  /// It is about to be sent, by libcurl's own will perhaps once more: then false, if that might do harm.
  [[nodiscard]] bool may_go_out() noexcept;

  /// libcurl has ended it; its handle still knows how.
  void ended(CURLcode code);

  void failed(failure why);

  /// For who waits.
  [[nodiscard]] bool has_news() const noexcept { return done || !arrived.empty() || admitted; }

  // From libcurl's callbacks: bytes taken, or libcurl's magic numbers.
  std::size_t take_header(std::string_view line) noexcept;
  std::size_t take_body(std::string_view part) noexcept;

  /// A GET with the headers of the client: the handle can be used for another one as it is.
  [[nodiscard]] bool plain() const noexcept;

  [[nodiscard]] multi& machinery() const noexcept;

  // Constant.
  const std::shared_ptr<client_core> owner;
  const client_options& options;
  const std::shared_ptr<const request> kept_request;
  const request& what;
  const std::string url;
  const std::string place;  ///< its host and port, in one spelling
  const bool needs_permit;
  const bool streams;
  const time_point until;

  // Touched on the strand.
  transfer* previous = nullptr;  ///< in the client's list of those under way
  transfer* next = nullptr;
  std::shared_ptr<transfer> self;  ///< while it is in that list
  easy_slot* slot = nullptr;
  penstock::detail::completion<news> waiter;
  bool started = false;
  bool in_line = false;    ///< waits until its host has room for it
  bool at_host = false;    ///< has a place there
  bool books = false;      ///< is the one of its host that waits for permits
  bool parked = false;     ///< waits until its host's name is looked up
  bool pioneer = false;    ///< looks it up for the others
  bool looked_up = false;  ///< libcurl has begun to
  bool admitted = false;   ///< may go as soon as it has its permits
  int open_error = 0;      ///< why there was no socket
  bool paused = false;
  bool done = false;
  std::string arrived;  ///< for the sink

  // The result, and for the sink.
  response answer;
  std::optional<failure> problem;
  response head;
  std::string piece;
  bool waits_for_permit = false;

 private:
  failure explained(CURLcode code) const;
  [[nodiscard]] bool may_be_redirected() const noexcept;

  time_point began_{};
  time_point told_{};
  long redirects_ = 0;
  bool sent_ = false;
  bool repeat_refused_ = false;
  long limit_ms_ = 0;
  slist headers_;
  std::size_t header_bytes_ = 0;
  bool body_too_large_ = false;
  bool headers_too_large_ = false;
  bool no_memory_ = false;
};

}  // namespace penstock::http
