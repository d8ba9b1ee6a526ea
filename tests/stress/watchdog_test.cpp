// A test that hangs ends itself, and shows where its items are.
#include "support/watchdog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace {

using namespace penstock_tests;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

TEST(watchdog, ends_a_program_in_which_nothing_moves_and_shows_its_queues) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hangs = [] {
    watchdog dog(100ms);
    penstock::queue<int> letters(2);
    const auto shown = watch("letters", letters);
    dog.begins("PENSTOCK_SEED=7");
    for (int i = 0; i < 3; ++i) static_cast<void>(letters.put(int{i}));  // nobody gets them
  };
  EXPECT_DEATH(hangs(), AllOf(HasSubstr("PENSTOCK_SEED=7 hangs"),
                              HasSubstr("queue letters: capacity 2, size 2, put 2, got 0"), HasSubstr("1 putters")));
}

TEST(watchdog, shows_the_runs_of_a_program_in_which_nothing_moves) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hangs = [] {
    watchdog dog(100ms);
    penstock::queue<int> input(2);
    penstock::runtime rt({.cpu_workers = 1});
    const auto run = rt.start({"waits for letters", penstock::producer({.name = "mailbox"}, input),
                               penstock::consumer({.name = "reader"}, [](int) {})});
    const auto shown = watch("of the post", run);
    dog.begins("a round");
    static_cast<void>(run.wait());  // nobody puts any
  };
  EXPECT_DEATH(hangs(), AllOf(HasSubstr("a round hangs"), HasSubstr("run of the post"), HasSubstr("mailbox")));
}

TEST(watchdog, forgets_what_has_gone_and_lets_a_program_end) {
  std::ostringstream picture;
  {
    watchdog dog(1h);
    penstock::queue<int> gone(1);
    {
      const auto shown = watch("gone", gone);
    }
    const auto shown = watched().add("here", [](std::ostream& to) { to << "still"; });
    dog.begins("a round");
    on_hang()();
    watched().dump(picture);
    ::alarm(0);
    EXPECT_EQ(dog.rounds(), 1u);
  }
  EXPECT_EQ(picture.str(), "here: still\n");
}

}  // namespace
