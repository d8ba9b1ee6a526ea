// Names whose look-up takes its time. `getaddrinfo` is ours here: names under .test have the address of this machine.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <penstock/connectors/http.hpp>
#include <penstock/penstock.hpp>
#include <string>

#include "connectors/http/on_io.hpp"
#include "connectors/http/servers.hpp"
#include "encoding.hpp"
#include "multi.hpp"

namespace {

struct look_ups {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, int> begun;
  int blocked = 0;        ///< who are in one of "slow", the first of each name
  bool released = false;  ///< those may go on
  bool gave_up = false;   ///< one was not released: the test has waited for it

  int of(const std::string& name) {
    const std::lock_guard hold(mutex);
    return begun[name];
  }
  void begin(const std::string& name) {
    std::unique_lock hold(mutex);
    const bool first = ++begun[name] == 1;
    if (!first || !name.starts_with("slow")) return;
    ++blocked;
    changed.notify_all();
    gave_up |= !changed.wait_for(hold, std::chrono::seconds(20), [&] { return released; });
    --blocked;
    changed.notify_all();
  }
  void release() {
    std::unique_lock hold(mutex);
    released = true;
    changed.notify_all();
    changed.wait(hold, [&] { return blocked == 0; });
  }
  static look_ups& shared() {
    static auto* const one = new look_ups;
    return *one;
  }
};

}  // namespace

// Before that of the C library, for libcurl, too.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  using type = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<type>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || !std::string_view(name).ends_with(".test")) return real(name, service, hints, result);
  look_ups::shared().begin(name);
  return real("127.0.0.1", service, hints, result);
}

namespace penstock {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::fault_server;
using test::kind_of;
using test::run_on;

class http_names : public testing::Test {
 protected:
  http_names() {
    auto& all = look_ups::shared();
    const std::lock_guard hold(all.mutex);
    all.begun.clear();
    all.released = all.gave_up = false;
  }
  ~http_names() override { look_ups::shared().release(); }

  std::string url(const std::string& name, const std::string& path) const {
    return "http://" + name + server.url().substr(server.url().rfind(':')) + "/" + path;
  }

  const fault_server server;
  asio::io_context io;
  http::client client{http::client_options{.proxy = ""}};
};

TEST_F(http_names, that_take_long_hold_up_nobody_else_and_are_given_up_at_once) {
  EXPECT_EQ(kind_of([&] { run_on(io, client.async_get(url("slow1.test", "ok"), {}, within(100ms))); }),
            http::errc::timeout);
  EXPECT_EQ(run_on(io, client.async_get(server.url() + "/ok")).body, "ok");
  EXPECT_FALSE(look_ups::shared().gave_up);
}

TEST_F(http_names, that_one_request_gave_up_are_looked_up_for_the_next) {
  std::optional<http::errc> first;
  std::string second;
  const std::string where = url("slow2.test", "ok");
  asio::co_spawn(io, client.async_get(where, {}, within(100ms)), [&](std::exception_ptr e, const http::response&) {
    first = kind_of([&] {
      if (e) std::rethrow_exception(e);
    });
  });
  while (client.under_way() == 0) io.run_one();
  asio::co_spawn(io, client.async_get(where), [&](std::exception_ptr, const http::response& r) { second = r.body; });
  io.run();
  EXPECT_EQ(first, http::errc::timeout);
  EXPECT_EQ(second, "ok");
  EXPECT_FALSE(look_ups::shared().gave_up);
}

TEST_F(http_names, that_another_request_looks_up_are_not_waited_for_beyond_the_deadline) {
  bool first = false;
  std::optional<http::errc> second;
  const std::string where = url("slow3.test", "ok");
  asio::co_spawn(io, client.async_get(where), [&](std::exception_ptr e, const http::response&) { first = !e; });
  while (client.under_way() == 0) io.run_one();
  asio::co_spawn(io, client.async_get(where, {}, within(50ms)), [&](std::exception_ptr e, const http::response&) {
    second = kind_of([&] {
      if (e) std::rethrow_exception(e);
    });
  });
  while (!second) io.run_one();
  EXPECT_EQ(second, http::errc::timeout);
  EXPECT_FALSE(first);
  EXPECT_FALSE(look_ups::shared().gave_up);
  look_ups::shared().release();
  io.run();
  EXPECT_TRUE(first);
}

TEST_F(http_names, are_looked_up_once_for_all_who_ask_at_once) {
  const std::vector<std::string> endpoints(100, url("many.test", "ok"));
  for (const auto& one : run_on(io, http::batch_get(client, endpoints, {.max_concurrent = 100}))) EXPECT_TRUE(one);
  EXPECT_EQ(look_ups::shared().of("many.test"), 1);
}

TEST(http_name_gate, counts_from_a_look_up_and_not_from_a_use) {
  const auto core = std::make_shared<http::client_core>(http::client_options{});
  const auto made = [&] {
    auto what = std::make_shared<const http::request>(http::request{.url = "http://a.test/"});
    return std::make_shared<http::transfer>(core, std::move(what), false, never);
  };
  http::name_gate gate;
  const time_point start{1h};
  const auto first = made(), free = made(), second = made(), parked = made(), third = made();
  EXPECT_TRUE(gate.enter(first, start));
  EXPECT_TRUE(first->pioneer);
  EXPECT_TRUE(gate.resolved(*first, start).empty());
  EXPECT_TRUE(gate.enter(free, start + 49s));
  EXPECT_FALSE(free->pioneer);
  EXPECT_TRUE(gate.enter(second, start + 51s));
  EXPECT_TRUE(second->pioneer);
  EXPECT_FALSE(gate.enter(parked, start + 51s));
  EXPECT_EQ(gate.passed(*second), http::name_gate::waiting{parked});  // libcurl still knew it
  EXPECT_TRUE(parked->pioneer);
  EXPECT_TRUE(gate.passed(*parked).empty());
  EXPECT_TRUE(gate.enter(third, start + 52s));
  EXPECT_TRUE(third->pioneer);
}

TEST(http_host_lines, let_one_of_a_host_wait_for_permits_at_a_time) {
  const auto core = std::make_shared<http::client_core>(http::client_options{});
  const auto made = [&](const std::string& url) {
    auto what = std::make_shared<const http::request>(http::request{.url = url});
    return std::make_shared<http::transfer>(core, std::move(what), false, never);
  };
  http::host_lines lines(0, true);
  const auto first = made("http://a.test/"), second = made("http://A.test:80/"), other = made("http://b.test/");
  EXPECT_TRUE(lines.enter(first));
  EXPECT_FALSE(lines.enter(second));
  EXPECT_TRUE(lines.enter(other));
  EXPECT_EQ(lines.booked(*first), http::host_lines::waiting{second});
  EXPECT_TRUE(lines.booked(*first).empty());
  EXPECT_TRUE(lines.left(*first).empty());
  EXPECT_TRUE(lines.left(*second).empty());
}

TEST(http_place, is_the_same_however_a_url_spells_it) {
  EXPECT_EQ(http::place_of("HTTP://Example.ORG/A?b"), "example.org:80");
  EXPECT_EQ(http::place_of("http://me:secret@example.org:80"), "example.org:80");
  EXPECT_EQ(http::place_of("https://example.org:"), "example.org:443");
  EXPECT_EQ(http::place_of("https://[::1]/"), "[::1]:443");
  EXPECT_EQ(http::place_of("http://[::1]:8080/"), "[::1]:8080");
  const fault_server server;
  asio::io_context io;
  http::client client({.base_url = "HTTP" + server.url().substr(4)});
  EXPECT_EQ(run_on(io, client.async_get("ok")).body, "ok");
  EXPECT_EQ(run_on(io, client.async_get("HTTP" + server.url().substr(4) + "/ok")).body, "ok");
}

}  // namespace
}  // namespace penstock
