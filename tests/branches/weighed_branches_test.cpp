// A tee before branches whose edges are bounded by weight.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "branches/stage_in_hand.hpp"
#include "penstock/flow/tee_stage.hpp"
#include "penstock/penstock.hpp"

namespace {

using namespace penstock;
using penstock_tests::branches::stage_in_hand;

/// Calls something whenever it is asked.
struct asked final : flow::weigher<int> {
  [[nodiscard]] std::uint64_t weigh(int&) const noexcept override {
    if (then) then();
    return 6;
  }
  std::function<void()> then;
};

TEST(tee, leaves_an_edge_alone_while_its_copy_waits_there_for_weight) {
  stage_in_hand s({4}, {4, 4});
  asked first;
  asked second;
  s.outs[0]->put_on_scale(10, first);
  s.outs[1]->put_on_scale(1000, second);
  s.make<flow::tee_stage<int, flow::no_receipt>>(std::vector{overflow::block, overflow::block});
  std::vector<int> got;
  // Just when the second branch gets its second copy, the reader of the first makes way for the one that waits there.
  second.then = [&, copies = 0]() mutable {
    if (++copies != 2) return;
    for (const auto n : stage_in_hand::take_all(*s.outs[0])) got.push_back(n);
  };
  stage_in_hand::put(*s.ins[0], 0, 3);
  s.activate();
  s.activate();
  for (const auto n : stage_in_hand::take_all(*s.outs[0])) got.push_back(n);
  EXPECT_EQ(got, (std::vector{0, 1, 2}));
  EXPECT_EQ(s.outs[0]->counts().emitted, 3U);
  EXPECT_EQ(stage_in_hand::take_all(*s.outs[1]), (std::vector{0, 1, 2}));
}

TEST(tee, on_threads_gives_weighed_branches_each_item_once) {
  constexpr int items = 20'000;
  runtime rt({.cpu_workers = 2});
  const auto weigh = [](int n) noexcept { return static_cast<std::uint64_t>(n % 9); };
  const auto same = [](int n) { return n; };
  const auto way = [&](const char* name, std::uint64_t most) {
    return branch(weighed({.most = most}, weigh, transform({.name = name, .workers = 3, .capacity = 8}, same)));
  };
  std::vector<int> seen(items);
  const auto r = rt.run(
      {"weighed branches",
       producer({.name = "make"},
                [n = 0]() mutable -> std::optional<int> { return n < items ? std::optional(n++) : std::nullopt; }),
       tee({.name = "tee", .capacity = 8}, way("light", 4), way("heavy", 20)),
       consumer({.name = "sink"}, [&seen](int n) { ++seen[static_cast<std::size_t>(n)]; })});
  EXPECT_TRUE(r.ok()) << r;
  EXPECT_TRUE(r.balanced()) << r;
  EXPECT_EQ(seen, std::vector<int>(items, 2));
}

}  // namespace
