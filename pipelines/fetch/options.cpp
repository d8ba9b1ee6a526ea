#include "options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

#include <common/quantities.hpp>

#include "exit_code.hpp"

namespace fetch {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw failure(exit_code::usage, sentence + " (see penstock-fetch --help)");
}

penstock::duration duration_of(std::string_view option, const std::string& text) {
  const auto value = common::duration_of(text);
  if (!value) refuse(fmt::format("{}: '{}' is no duration such as 500ms, 10s or 2m", option, text));
  return *value;
}

/// In a second at least: then alarms may be late by a fiftieth of that (core/smooth_rate.hpp), which they are.
penstock::rate by_the_second(penstock::rate r) {
  const auto times = (std::chrono::seconds(1) + r.per - penstock::duration(1)) / r.per;
  return {r.count * times, r.per * times};
}

std::optional<penstock::rate> rate_of(std::string_view option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto value = common::rate_of(text);
  if (!value) refuse(fmt::format("{}: '{}' is no rate such as 100/s or 30/min", option, text));
  return by_the_second(*value);
}

std::pair<std::string, std::string> header_of(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string::npos) refuse(fmt::format("--header: '{}' is not written NAME: VALUE", text));
  const auto value = text.find_first_not_of(" \t", colon + 1);
  return {text.substr(0, colon), value == std::string::npos ? std::string() : text.substr(value)};
}

void check_output(options& o) {
  if (o.output.empty()) refuse("--output: an empty name is no file");
  std::error_code ignored;
  o.output_is_directory =
      o.output != "-" && (o.output.ends_with('/') || std::filesystem::is_directory(o.output, ignored));
  if (o.resume.empty()) return;
  if (o.output == "-") refuse("--resume needs an --output that is a file or a directory: it has to look into it");
  if (std::filesystem::weakly_canonical(std::filesystem::absolute(o.resume, ignored), ignored) ==
      std::filesystem::weakly_canonical(std::filesystem::absolute(o.results_file(), ignored), ignored))
    refuse("the resume file cannot take the results as well");
}

}  // namespace

std::filesystem::path options::results_file() const {
  if (output == "-") return {};
  return output_is_directory ? std::filesystem::path(output) / "results.ndjson" : std::filesystem::path(output);
}

std::optional<options> read_options(int argc, const char* const* argv) {
  options o;
  auto& c = o.client;
  c.retry.times = 3;
  c.user_agent = "penstock-fetch/0.1";
  std::string rate, rate_per_host, timeout = "30s", connect_timeout = "10s", max_body = "64MiB", drain_within = "10s";
  std::string progress = "auto", report = "text", resume, method, backoff = "100ms";
  std::optional<std::string> json, data;
  std::vector<std::string> headers;
  unsigned retry_budget = 20;
  bool insecure = false;

  CLI::App app{"Fetches URLs, many at a time: a JSON line of each, whatever came of it.", "penstock-fetch"};
  app.set_version_flag("--version", "penstock-fetch 0.1.0");
  app.add_option("URLS", o.urls, "The URLs; - reads them from standard input, one a line")->required();
  app.add_option("--concurrency", o.concurrency, "Requests under way at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--rate", rate, "Requests in a time at most, as 100/s or 30/min; retries count");
  app.add_option("--rate-per-host", rate_per_host, "The same, for each host");
  app.add_option("--per-host", c.per_host, "Connections to a host at most; 0: as many as requests")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--retries", c.retry.times,
                 "Further attempts after a failure, or a status of 429, 502, 503 or 504; of GET, HEAD, PUT and DELETE, "
                 "and of what has a key; as far as --retry-budget goes")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option(
         "--retry-budget", retry_budget,
         "Further attempts that 100 requests may make in all, besides as many as --concurrency at the beginning")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--backoff", backoff, "Before the second attempt at most; then twice as long each time")
      ->capture_default_str();
  app.add_option("--method", method, "GET, or POST with --json or --data; or any other");
  app.add_option("--json", json, "This text as the body of every request, as JSON");
  app.add_option("--data", data, "This text as the body of every request");
  app.add_option("--header", headers, "NAME: VALUE, sent with every request; may be given several times")
      ->allow_extra_args(false);
  app.add_flag("--idempotency-keys", o.idempotency_keys,
               "Sends an Idempotency-Key with each request, the same when it is sent again, also after --resume");
  app.add_option("--output", o.output,
                 "Where the results go: a file; - for standard output; or a directory, which gets the bodies too")
      ->capture_default_str();
  app.add_option("--resume", resume, "Notes in this file what is done; if it is there, goes on after that");
  app.add_option("--timeout", timeout, "Of an attempt")->capture_default_str();
  app.add_option("--connect-timeout", connect_timeout, "Of a connection")->capture_default_str();
  app.add_option("--max-body", max_body, "The largest body")->capture_default_str();
  app.add_option("--redirects", c.redirects, "Followed at most")->check(CLI::Range(0, 100))->capture_default_str();
  app.add_option("--user-agent", c.user_agent, "What the program calls itself")->capture_default_str();
  app.add_option("--ca-file", c.tls.ca_file, "Trusted authorities, PEM; default: those of the system");
  app.add_flag("--insecure", insecure, "Takes any certificate");
  app.add_option("--progress", progress, "A line on standard error; auto: on a terminal")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_option("--report", report, "The report at the end; on standard error if the results go to standard output")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--drain-within", drain_within,
                 "After Ctrl-C or SIGTERM, how long what is under way may take; a second one cancels")
      ->capture_default_str();
  app.footer("Exit codes:\n" + exit_code_table());
  app.get_formatter()->column_width(30);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    static_cast<void>(app.exit(asked));  // prints the help or the version
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    refuse(e.what());
  }

  if (o.urls.size() == 1 && o.urls.front() == "-") {
    o.from_input = true;
    o.urls.clear();
  }
  for (const auto& url : o.urls)
    if (url == "-") refuse("- is standard input, and stands alone");
  if (json && data) refuse("--json and --data are two bodies");
  if (json) o.body = penstock::http::json(*json);
  if (data) o.body = penstock::http::bytes(*data, "text/plain; charset=utf-8");
  o.method = !method.empty() ? method : json || data ? "POST" : "GET";
  o.rate = rate_of("--rate", rate);
  o.rate_per_host = rate_of("--rate-per-host", rate_per_host);
  for (const auto& text : headers) c.headers.push_back(header_of(text));
  c.timeout = duration_of("--timeout", timeout);
  c.connect_timeout = duration_of("--connect-timeout", connect_timeout);
  c.retry.backoff = duration_of("--backoff", backoff);
  c.retry.budget = penstock::retry_budget(
      {.ratio = retry_budget / 100.0, .reserve = static_cast<unsigned>(std::max<std::size_t>(o.concurrency, 20))});
  const auto largest = common::size_of(max_body);
  if (!largest) refuse(fmt::format("--max-body: '{}' is no size such as 100kB or 64MiB", max_body));
  c.max_body = *largest;
  c.tls.verify = !insecure;
  o.progress = progress == "always"  ? common::progress_choice::always
               : progress == "never" ? common::progress_choice::never
                                     : common::progress_choice::automatic;
  o.json_report = report == "json";
  o.drain_within = duration_of("--drain-within", drain_within);
  if (app.count("--resume") > 0 && resume.empty()) refuse("--resume: an empty name is no file");
  o.resume = resume;
  check_output(o);
  return o;
}

}  // namespace fetch
