// The example of docs/guide/branches.md.
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "penstock/penstock.hpp"
#include "penstock/testing/manual_runtime.hpp"

namespace {

using namespace penstock;

struct purchase {
  std::string article;
  int price;
};

struct shop {
  std::vector<purchase> archive, display, small, checked;
};

purchase trimmed(purchase p) {
  p.article.erase(p.article.find_last_not_of(' ') + 1);
  return p;
}

auto into(std::vector<purchase>& list) {
  return [&list](purchase p) { list.push_back(std::move(p)); };
}

// [purchases]
enum class size : std::uint8_t { small, large };

pipeline purchases(queue<purchase>& online, std::vector<purchase> by_phone, shop& here, int& turnover) {
  const auto size_of = [](const purchase& p) { return p.price < 100 ? size::small : size::large; };
  return {"purchases",
          merge({.name = "all"},                               //
                branch(producer({.name = "online"}, online)),  //
                branch(producer({.name = "phone"}, by_phone), transform({.name = "trim"}, trimmed))),
          tee({.name = "copy"},                                           //
              branch(consumer({.name = "archive"}, into(here.archive))),  // closed: it ends there
              branch({.overflow = overflow::drop_newest},                 // may lose some, slows nobody
                     consumer({.name = "display", .capacity = 16}, into(here.display))),
              branch()),                             // open: on to the next stage
          route({.name = "by size"}, size_of,        //
                branch(),                            // small
                branch(transform({.name = "check"},  // large
                                 [&](purchase p) {
                                   here.checked.push_back(p);
                                   return p;
                                 }))),
          consumer({.name = "sum up"}, [&](const purchase& p) { turnover += p.price; })};
}
// [/purchases]

TEST(guide_to_branches, shows_a_pipeline_that_does_what_it_says) {
  queue<purchase> online(10);
  EXPECT_EQ(online.try_put({"lamp", 20}).state, state::ok);
  EXPECT_EQ(online.try_put({"piano", 900}).state, state::ok);
  online.close();
  shop here;
  int turnover = 0;
  manual_runtime rt;
  const auto r = rt.run(purchases(online, {{"chair  ", 80}}, here, turnover));
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_TRUE(r.balanced()) << r;
  EXPECT_EQ(turnover, 1000);
  EXPECT_EQ(here.archive.size(), 3U);
  EXPECT_EQ(here.display.size(), 3U);
  ASSERT_EQ(here.checked.size(), 1U);
  EXPECT_EQ(here.checked[0].article, "piano");
  EXPECT_EQ(r.stage("by size, joined").done, 3U);
}

}  // namespace
