// The pipeline of one random run, its queues and what must be true when it has ended, whatever runs it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "stress/bodies.hpp"
#include "stress/layouts.hpp"
#include "stress/random_plans.hpp"

namespace penstock_tests::stress {

using namespace penstock;  // NOLINT(google-build-using-namespace): a header of tests

class line_of_a_run {
 public:
  /// `run_inner`: runs a pipeline inside a body.
  line_of_a_run(const run_plan& what, scene::runner run_inner)
      : plan(what), on_stage(plan, std::move(run_inner)), queues(plan), line_(make_line(on_stage, queues)) {}
  line_of_a_run(const line_of_a_run&) = delete;
  line_of_a_run& operator=(const line_of_a_run&) = delete;

  [[nodiscard]] const penstock::pipeline& line() const { return *line_; }

  /// Destroys the pipeline, and with it its bodies.
  void destroy_line() { line_.reset(); }

  /// How many items the run may have, which is enough for it to move.
  [[nodiscard]] std::size_t in_flight() const {
    if (!plan.bounded) return run_options{}.in_flight;
    std::size_t needed = plan.sources;
    for (const auto& s : line_->shared_plan()->stages) needed += s.about.withholds();
    return needed + plan.spare;
  }

  /// The reader has taken `count` items: it closes the output if the plan says so. What is in there it still takes.
  void was_read(std::uint64_t count) {
    if (plan.end != ending::sink_closes || count != plan.end_after) return;
    on_stage.sink_gone = true;
    queues.output.close();
  }

  /// What a check could look at.
  struct findings {
    bool exact = false;    ///< it was foretold which items come, and no others came
    bool in_line = false;  ///< and all in one order
    bool cut = false;
    std::uint64_t letters = 0, retried = 0;
  };

  /// It would show in reports if it exceeded the number of its items.
  [[nodiscard]] bool bound_shows() const { return plan.bounded && !plan.has(multiplies); }

  /// While the run goes on, between two activations on its only thread.
  void check_bound(const penstock::report& r) const {
    if (!bound_shows()) return;
    std::uint64_t all = 0;
    for (const auto& s : r.stages) all += s.in_flight();
    for (const auto& e : r.edges) all += e.size;
    EXPECT_LE(all, in_flight()) << r;
  }

  /// The run has ended with `r`, and the readers of its queues have got everything.
  findings check(const penstock::report& r) {
    EXPECT_TRUE(r.ended);
    EXPECT_TRUE(r.balanced()) << r;
    const auto whole = plan.foretell(false);
    const auto told = plan.foretell();
    const bool natural = plan.end == ending::natural;
    const bool may_fail = whole.fails || plan.close_with_error;
    if (!may_fail) {
      EXPECT_TRUE(r.state() != end_state::failed) << r;
    }
    if (natural && r.state() != end_state::failed) {
      EXPECT_TRUE(r.state() == end_state::completed) << r;
      // Unless a take has enough before anything fails, or what would fail does not come so far.
      EXPECT_TRUE(!may_fail || whole.cut || whole.loses) << r;
    }
    if (r.state() == end_state::stopped && !whole.cut && !whole.loses) {
      EXPECT_EQ(r.dropped(), 0U) << r;
    }
    // A source that breaks may end the others.
    const bool all_sources = !plan.close_with_error || plan.sources == 1;
    const bool all_there =
        !whole.fails && !whole.loses && all_sources && (natural || (r.ok() && plan.end != ending::sink_closes));
    findings f{.exact = all_there, .in_line = all_there, .cut = whole.cut};
    check_what_came(all_there && whole.cut ? told : whole, all_there, f, r);
    check_edges(whole, all_there && !whole.cut, r);
    check_stages(whole, all_there && !whole.cut, f, r);
    return f;
  }

  const run_plan plan;
  scene on_stage;
  queues_of_a_run queues;

 private:
  /// Each item was foretold and came once, after those before it on the same way; where `all_there`, none is missing.
  void check_what_came(const run_plan::outcome& told, bool all_there, findings& f, const penstock::report& r) const {
    struct place {
      const traveller* who;
      std::size_t position;
      bool came = false;
    };
    std::map<std::uint64_t, place> places;
    for (std::size_t i = 0; i < told.seen.size(); ++i) {
      const auto& t = told.seen[i];
      ASSERT_TRUE(places.emplace(t.value, place{&t, i}).second) << "two items are alike: the plan is wrong";
      f.in_line = f.in_line && t.ordered && t.way == 0;
    }
    std::map<std::uint64_t, std::size_t> last;  // on each way
    for (const auto value : on_stage.seen) {
      const auto at = places.find(value);
      ASSERT_TRUE(at != places.end()) << "an item that was not foretold, or was to be left out\n" << r;
      auto& [who, position, came] = at->second;
      ASSERT_FALSE(std::exchange(came, true)) << "an item came twice\n" << r;
      if (!who->ordered) continue;
      const auto [before, first] = last.emplace(who->way, position);
      ASSERT_TRUE(first || before->second < position) << "an item was overtaken on its way\n" << r;
      before->second = position;
    }
    if (all_there) {
      EXPECT_EQ(on_stage.seen.size(), std::min(told.seen.size(), told.most)) << r;
    } else {
      EXPECT_LE(on_stage.seen.size(), told.most) << r;
    }
  }

  void check_edges(const run_plan::outcome& whole, bool all_there, const penstock::report& r) const {
    for (const auto& e : r.edges) {
      EXPECT_EQ(e.size, 0U) << r;
      EXPECT_LE(e.peak, e.capacity) << r;
      EXPECT_EQ(e.weight, 0U) << r;
    }
    for (std::size_t i = 0; i < plan.stages.size(); ++i) {
      const auto& s = plan.stages[i];
      if (!weighs(s.what)) continue;
      const auto before = std::ranges::find(r.edges, s.name, &edge_report::to);
      ASSERT_TRUE(before != r.edges.end()) << r;
      EXPECT_EQ(before->most_weight, s.most_weight) << r;
      // Beyond its limit only with one item that alone is heavier; and each item was on it.
      EXPECT_LE(before->peak_weight, std::max(s.most_weight, whole.heaviest[i])) << r;
      if (all_there) {
        EXPECT_GE(before->peak_weight, whole.heaviest[i]) << r;
      }
    }
  }

  void check_stages(const run_plan::outcome& whole, bool all_there, findings& f, const penstock::report& r) const {
    auto letters = on_stage.letters;
    std::ranges::sort(letters);
    auto foretold = whole.letters;
    std::ranges::sort(foretold);
    f.letters = letters.size();
    if (all_there) {
      EXPECT_TRUE(letters == foretold) << letters.size() << " letters, not " << foretold.size() << "\n" << r;
    } else {
      EXPECT_TRUE(std::ranges::includes(foretold, letters)) << "a letter that was not foretold\n" << r;
    }
    for (std::size_t i = 0; i < plan.stages.size(); ++i) {
      const auto& s = plan.stages[i];
      const auto& of = r.stage(s.name);
      if (tries_again(s.what)) {
        f.retried += of.retried;
        EXPECT_LE(of.retried, whole.retried[i]) << r;
        if (all_there) {
          EXPECT_EQ(of.retried, whole.retried[i]) << r;
        }
      }
      if (buries(s.what)) {
        const auto got = std::ranges::count(letters, i, &run_plan::letter::stage);
        EXPECT_EQ(of.failed, static_cast<std::uint64_t>(got) + of.letters_lost) << r;
      }
      if (s.what == work::throttle && of.done > s.burst) {
        // The first `burst` go at once, the others each with a token of its own.
        const auto tokens = static_cast<double>(of.done - s.burst);
        const auto most = std::chrono::duration<double>(r.elapsed).count() * s.per_second;
        EXPECT_LE(tokens, most + 1e-3) << r;
      }
      if (s.what == work::take) {
        EXPECT_LE(of.done, s.count) << r;
      }
    }
  }

  std::optional<penstock::pipeline> line_;
};

}  // namespace penstock_tests::stress
