#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "flow/stubs.hpp"
#include "penstock/flow/slot_times.hpp"
#include "penstock/sync/detail/virtual_clock.hpp"

namespace penstock::flow {
namespace {

using namespace std::chrono_literals;

/// A stage that asks for alarms; none rings, so that the test decides when it looks at the time.
struct stage {
  penstock::detail::virtual_clock time{time_point(100s)};
  testing::stub_run run;
  testing::stub_executor home;
  testing::stub_actor actor{home, run};
  std::vector<timed_slot*> late, due;

  void look(slot_times& times) {
    times.ring([this](timed_slot& s) { late.push_back(&s); }, [this](timed_slot& s) { due.push_back(&s); });
  }
};

TEST(slot_times, set_one_alarm_for_all_attempts_and_the_next_when_it_has_rung) {
  stage s;
  slot_times times(s.actor, 10s);
  timed_slot a, b, c;
  times.begin(a, clock::now());
  s.time.move_to(time_point(101s));
  times.begin(b, clock::now());
  times.end(a);
  times.begin(c, clock::now());
  EXPECT_EQ(s.run.alarms, (std::vector{time_point(110s)})) << "an alarm that has become too early stays";
  s.time.move_to(time_point(110s));
  s.look(times);
  EXPECT_TRUE(s.late.empty());
  EXPECT_EQ(s.run.alarms, (std::vector{time_point(110s), time_point(111s)}));
  s.time.move_to(time_point(111s));
  s.look(times);
  EXPECT_EQ(s.late, (std::vector{&b, &c}));
}

TEST(slot_times, ask_again_after_an_alarm_that_rang_when_nothing_was_under_way) {
  stage s;
  slot_times times(s.actor, 10s);
  timed_slot a, b;
  times.begin(a, clock::now());
  times.end(a);
  s.time.move_to(time_point(110s));
  s.look(times);
  times.begin(b, clock::now());
  EXPECT_EQ(s.run.alarms, (std::vector{time_point(110s), time_point(120s)}));
  s.time.move_to(time_point(120s));
  s.look(times);
  EXPECT_EQ(s.late, (std::vector{&b}));
}

TEST(slot_times, take_back_an_alarm_whose_time_has_come_and_which_has_not_rung) {
  stage s;
  slot_times times(s.actor, 10s);
  timed_slot a, b;
  times.begin(a, clock::now());
  times.sleep(b, time_point(105s));
  s.time.move_to(time_point(110s));
  s.look(times);  // for another reason: the alarm's thread is late
  EXPECT_EQ(s.late, (std::vector{&a}));
  EXPECT_EQ(s.due, (std::vector{&b}));
  times.silence();
  EXPECT_EQ(s.run.alarms.back(), never) << "it would ring for a stage that is gone";
}

TEST(slot_times, ask_for_nothing_where_there_is_no_limit) {
  stage s;
  slot_times times(s.actor, duration::max());
  timed_slot a;
  times.begin(a, clock::now());
  times.end(a);
  times.silence();
  EXPECT_TRUE(s.run.alarms.empty());
}

}  // namespace
}  // namespace penstock::flow
