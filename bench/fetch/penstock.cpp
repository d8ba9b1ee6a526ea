// A pipeline whose bodies share a client, with all policies on: a rate (which is never reached), retries, a deadline
// for each request, and the counters of every stage.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string url = argv[1];
  const long requests = std::atol(argv[2]);
  const auto concurrency = static_cast<std::size_t>(std::atol(argv[3]));
  using namespace penstock;
  http::client client({.retry = {.times = 3}, .rate = rate_limiter(per_second(1'000'000), 1000)});
  runtime machinery({.cpu_workers = 1});
  unsigned long long bytes = 0;
  long well = 0;
  const auto report = machinery.run(pipeline{
      "fetch",
      producer({.name = "urls"}, [&, i = 0L]() mutable { return i++ < requests ? std::optional(0) : std::nullopt; }),
      async_transform({.name = "fetch", .workers = concurrency},
                      [&](int) -> boost::asio::awaitable<http::response> {
                        http::response answer = co_await client.async_get(url, {}, within(std::chrono::seconds(30)));
                        co_return std::move(answer);
                      }),
      consumer({.name = "count"}, [&](const http::response& answer) {
        well += answer.ok();
        bytes += answer.body.size();
      })});
  std::printf("%ld %llu\n", well, bytes);
  return report.ok() ? 0 : 1;
}
