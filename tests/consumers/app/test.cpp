// A test as a user would write it, without any framework: ten hours of virtual time.
#include <penstock/testing/manual_runtime.hpp>

#include <penstock/penstock.hpp>

#include <chrono>
#include <ranges>

int main() {
  using namespace std::chrono_literals;
  penstock::manual_runtime rt;
  const auto began = rt.now();
  const auto report =
      rt.run({"hourly", penstock::producer({.name = "count"}, std::views::iota(0, 10)),
              penstock::async_consumer({.name = "wait", .workers = 1}, [](int) -> boost::asio::awaitable<void> {
                const penstock::duration hour = 1h;
                co_await penstock::async_sleep(hour);
              })});
  return report.ok() && rt.now() - began == 10h ? 0 : 1;
}
