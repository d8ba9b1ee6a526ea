// How a client behaves. Units are in the types.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include <penstock/base/clock.hpp>
#include <penstock/connectors/http/message.hpp>
#include <penstock/core/retry_rules.hpp>
#include <penstock/sync/rate_limiter.hpp>
#include <penstock/sync/retry_budget.hpp>

namespace penstock::http {

struct tls_options {
  bool verify = true;            ///< the server's certificate and its name; without it anybody may answer
  std::string ca_file = {};      ///< trusted authorities, PEM; empty: those of the system
  std::string certificate = {};  ///< our own, PEM, for servers that ask for one
  std::string key = {};          ///< its key, PEM
};

/// What is tried again: a request that failed before there was an answer (not: an untrusted certificate, a request that
/// cannot be sent), and an answer with the status 429, 502, 503 or 504; and only if sending it twice does no harm: its
/// method is GET, HEAD, OPTIONS, TRACE, PUT or DELETE, or it has an `idempotency_key`.
struct retry_policy {
  unsigned times = 0;                                 ///< further attempts after the first, at most; 0: none
  duration backoff = std::chrono::milliseconds(100);  ///< as in `retry_options`, with full jitter
  duration most = std::chrono::seconds(30);
  duration longest_retry_after = std::chrono::minutes(2);  ///< a server that asks for a longer pause in `Retry-After`
                                                           ///< gets none: its answer is the result
  std::optional<retry_budget> budget = {};                 ///< nothing: a client's own, of the defaults
};

struct client_options {
  std::string base_url = {};  ///< what relative URLs are relative to; with or without the slash at its end
  fields headers = {};        ///< of every request, wherever it goes. A redirect to another host takes all along but
                              ///< `Authorization` and `Cookie`: a key in a header of your own wants `redirects = 0`
  duration timeout = std::chrono::seconds(30);          ///< of an attempt, from its start to the end of the body, the
                                                        ///< wait for a connection included; zero: none
  duration connect_timeout = std::chrono::seconds(10);  ///< of that for name, connection and TLS together; zero:
                                                        ///< libcurl's own, 300 s
  std::size_t max_connections = 0;  ///< open at once; further requests wait. 0: one for each request under way
  std::size_t per_host = 0;         ///< requests under way at once to one host and port; 0: no bound
  std::string user_agent = "penstock/0.1";
  tls_options tls = {};
  unsigned redirects = 10;  ///< followed at most; 0: a redirect is the answer, and so it is for methods but GET, HEAD
                            ///< and POST. What is followed counts for no rate and no `per_host`
  std::optional<std::string> proxy =
      {};                  ///< nothing: as the environment says (`http_proxy`, `no_proxy`, …); empty: none
  bool compressed = true;  ///< asks for compressed bodies, which arrive decoded
  bool http2 = true;       ///< over TLS, where the server has it: many requests share a connection
  std::size_t max_body = std::size_t{64} << 20;  ///< bytes, decoded; more are `errc::too_large`. Not for sinks
  std::size_t sink_buffer = std::size_t{256}
                            << 10;  ///< bytes that may lie ready for a sink; then the server has to wait
  retry_policy retry = {};
  std::optional<rate_limiter> rate = {};                 ///< of attempts; several clients may share one
  std::optional<keyed_rate_limiter> rate_per_host = {};  ///< the same, for each host and port (`example.org:443`) of
                                                         ///< its own. With both, and several clients that share them, a
                                                         ///< host may see one more in a window for each further client
};

}  // namespace penstock::http
