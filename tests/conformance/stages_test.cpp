// The words for policies, keys, order and branches, with plain bodies and with coroutines. Of docs/contract.md: what
// becomes of an error, order, branches.
#include "runs.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>

namespace conformance {
namespace {

template <class Machine>
class any_stage : public testing::Test {};
TYPED_TEST_SUITE(any_stage, all_machines);

std::vector<int> sorted(std::vector<int> all) {
  std::ranges::sort(all);
  return all;
}

/// A run with branches: its edges are no line, so the library's own sum is what is looked at.
template <class Machine>
adapter::outcome finish_branched(Machine& m, const adapter::job& job) {
  const auto run = m.start(job);
  if (!run.wait_for(penstock_tests::patience)) penstock_tests::hung(std::source_location::current());
  auto r = run.wait();
  EXPECT_TRUE(r.adds_up);
  return r;
}

// ---- errors ----

TYPED_TEST(any_stage, tries_an_item_again_and_it_counts_once) {
  TypeParam m;
  std::vector<std::atomic<unsigned>> calls(10);
  std::vector<int> out;
  const auto in_the_third_attempt = [&calls](int i) {
    if (calls[static_cast<std::size_t>(i)].fetch_add(1) < 2) throw std::runtime_error("not yet");
    return i;
  };
  const auto r = finish(m, m.from(numbers(0, 10)).map(in_the_third_attempt, adapter::again{2, 1us}).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(sorted(out), numbers(0, 10));
  EXPECT_EQ(r.stages.at(1).in, 10U);
  EXPECT_EQ(r.stages.at(1).failed, 0U);
  for (const auto& n : calls) EXPECT_EQ(n, 3U);
}

TYPED_TEST(any_stage, fails_the_run_with_what_the_last_attempt_threw) {
  TypeParam m;
  std::atomic<int> calls = 0;
  std::vector<int> out;
  const auto never = [&calls](int) -> int { throw std::runtime_error("attempt " + std::to_string(++calls)); };
  const auto r = finish(m, m.from(std::vector{1}).map(never, adapter::again{3, 1us}).into(out));
  EXPECT_EQ(r.how, ended::failed);
  EXPECT_EQ(calls, 4);
  ASSERT_NE(r.error, nullptr);
  EXPECT_THROW(
      try { std::rethrow_exception(r.error); } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "attempt 4");
        throw;
      },
      std::runtime_error);
}

TYPED_TEST(any_stage, buries_what_fails_in_the_end_and_goes_on) {
  TypeParam m;
  adapter::thread_queue<penstock::dead<int>> letters(100);
  std::vector<int> out;
  const auto odd_ones_fail = [](int i) {
    if (i % 2 == 1) throw std::runtime_error("odd");
    return i;
  };
  const auto r = finish(m, m.from(numbers(0, 100)).map_or_bury(letters, odd_ones_fail, {1, 1us}).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(r.stages.at(1).failed, 50U);
  EXPECT_EQ(out.size(), 50U);
  letters.close();
  std::vector<int> buried;
  while (auto letter = letters.get()) {
    EXPECT_EQ((*letter).attempts, 2U);
    buried.push_back((*letter).item);
    letters.task_done();
  }
  EXPECT_EQ(buried.size(), 50U);
  out.insert(out.end(), buried.begin(), buried.end());
  EXPECT_EQ(sorted(out), numbers(0, 100)) << "each item is here or there";
}

// ---- order ----

TYPED_TEST(any_stage, keeps_the_order_of_each_key_among_several_workers) {
  TypeParam m(2);
  std::vector<int> out;
  const auto key = [](int i) { return i % 7; };
  const auto r = finish(m, m.from(numbers(0, 2000)).map_by(key, [](int i) { return i; }, {.workers = 3}).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(sorted(out), numbers(0, 2000));
  std::map<int, int> last;
  for (const int i : out) {
    const auto before = last.find(i % 7);
    if (before != last.end()) {
      EXPECT_LT(before->second, i) << "key " << i % 7;
    }
    last[i % 7] = i;
  }
}

TYPED_TEST(any_stage, restores_an_order_by_number) {
  TypeParam m(2);
  std::vector<int> mixed = numbers(0, 1000);
  for (std::size_t i = 0; i + 10 <= mixed.size(); i += 10)
    std::reverse(mixed.begin() + static_cast<long>(i), mixed.begin() + static_cast<long>(i) + 10);
  std::vector<int> out;
  const auto r = finish(m, m.from(mixed).in_order_of([](int i) { return i; }, 10).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(out, numbers(0, 1000));
}

TYPED_TEST(any_stage, fails_or_goes_on_where_a_number_is_missing) {
  for (const bool skip : {false, true}) {
    TypeParam m;
    std::vector<int> out;
    const auto r =
        finish(m, m.from(std::vector{0, 2, 1, 4, 5}).in_order_of([](int i) { return i; }, 3, skip).into(out));
    EXPECT_EQ(r.how, skip ? ended::completed : ended::failed);
    if (skip) {
      EXPECT_EQ(out, (std::vector{0, 1, 2, 4, 5}));
    }
  }
}

// ---- bounds ----

TYPED_TEST(any_stage, is_held_back_by_the_weight_of_what_waits_and_loses_nothing) {
  TypeParam m(2);
  std::vector<int> out;
  const auto weight = [](const int& i) noexcept { return static_cast<std::uint64_t>(i % 5); };
  const auto r = finish(m, m.from(numbers(0, 500)).map_weighed(weight, 3, [](int i) { return i; }).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(sorted(out), numbers(0, 500)) << "also those that are too heavy, one by one";
}

// ---- branches ----

TYPED_TEST(any_stage, gives_each_item_to_both_branches) {
  TypeParam m(2);
  std::vector<int> out;
  const auto r =
      finish_branched(m, m.from(numbers(0, 300)).both([](int i) { return i; }, [](int i) { return -i - 1; }).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(sorted(out), numbers(-300, 300));
}

TYPED_TEST(any_stage, gives_each_item_to_the_branch_that_is_said) {
  TypeParam m(2);
  std::vector<int> out;
  const auto r = finish_branched(
      m, m.from(numbers(0, 300))
             .either([](const int& i) { return i % 3 == 0; }, [](int i) { return i; }, [](int i) { return 1000 + i; })
             .into(out));
  EXPECT_EQ(r.how, ended::completed);
  ASSERT_EQ(out.size(), 300U);
  for (const int i : out) EXPECT_EQ(i % 1000 % 3 == 0, i < 1000) << i;
}

TYPED_TEST(any_stage, takes_from_both_sources_and_ends_when_both_have) {
  TypeParam m(2);
  std::vector<int> out;
  const auto r =
      finish_branched(m, m.from_both(numbers(0, 200), numbers(200, 250)).map([](int i) { return i; }).into(out));
  EXPECT_EQ(r.how, ended::completed);
  EXPECT_EQ(sorted(out), numbers(0, 250));
}

TYPED_TEST(any_stage, drops_and_counts_in_branches_what_a_cancel_leaves) {
  TypeParam m(2);
  std::atomic<int> seen = 0;
  std::atomic<bool> go_on = false;
  const auto run = m.start(m.from(endless())
                               .both([](int i) { return i; }, [](int i) { return i; }, {.capacity = 4})
                               .each(
                                   [&](int) {
                                     ++seen;
                                     seen.notify_all();
                                     go_on.wait(false);
                                   },
                                   {.capacity = 4, .may_block = true}));
  seen.wait(0);
  run.cancel();
  go_on = true;
  go_on.notify_all();
  if (!run.wait_for(penstock_tests::patience)) penstock_tests::hung(std::source_location::current());
  const auto r = run.wait();
  EXPECT_EQ(r.how, ended::cancelled);
  EXPECT_TRUE(r.adds_up);
}

}  // namespace
}  // namespace conformance
