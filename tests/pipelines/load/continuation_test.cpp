#include "continuation.hpp"

#include <gtest/gtest.h>

#include "exit_code.hpp"

using load::beginning;
using load::checkpoint;
using load::load_state;
using load::resume_choice;

namespace {

constexpr auto files = R"(["a.csv","b.csv"])";
constexpr auto same = "[1,2]";
constexpr auto other = "[1,3]";

checkpoint of(std::int64_t id, load_state state, const char* inputs = files, const char* contents = same) {
  checkpoint c;
  c.id = id;
  c.inputs = inputs;
  c.contents = contents;
  c.state = state;
  c.inserted = 10;
  return c;
}

load::decision decide(std::vector<checkpoint> loads, const char* inputs = files, const char* contents = same,
                      resume_choice choice = resume_choice::automatic, bool repeatable = true, bool empty = false) {
  return load::decide({std::move(loads), empty}, {inputs, contents, repeatable}, choice, "t");
}

bool refused(auto&& call) {
  try {
    call();
  } catch (const load::failure& e) {
    return e.code() == load::exit_code::changed;
  }
  return false;
}

constexpr auto stdin_only = R"(["-"])";
constexpr auto nothing_known = "[null]";

}  // namespace

TEST(continuation, of_inputs_never_seen_begins_anew) {
  EXPECT_EQ(decide({}).how, beginning::anew);
  EXPECT_EQ(decide({of(1, load_state::loading, R"(["c.csv"])", "[7]")}).how, beginning::anew);
}

TEST(continuation, goes_on_with_what_is_unfinished_even_if_the_files_have_grown_or_were_moved) {
  for (const auto state : {load_state::loading, load_state::stopped}) {
    const auto decided = decide({of(3, state)}, files, other);
    EXPECT_EQ(decided.how, beginning::going_on);
    EXPECT_EQ(decided.from.id, 3);
    EXPECT_EQ(decide({of(3, state)}, R"(["x/a.csv","x/b.csv"])", same).how, beginning::going_on);
  }
}

TEST(continuation, counts_only_the_latest_load_of_the_same_inputs) {
  EXPECT_EQ(decide({of(1, load_state::loading), of(2, load_state::loaded)}).how, beginning::if_changed);
  EXPECT_EQ(decide({of(1, load_state::loaded), of(2, load_state::loading)}).from.id, 2);
}

TEST(continuation, of_finished_inputs_depends_on_whether_they_changed) {
  EXPECT_EQ(decide({of(1, load_state::loaded)}).how, beginning::if_changed);
  EXPECT_EQ(decide({of(1, load_state::loaded)}, files, other).how, beginning::if_changed);
  EXPECT_EQ(decide({of(1, load_state::loaded)}, files, same, resume_choice::automatic, true, true).how,
            beginning::anew);
}

TEST(continuation, is_refused_where_it_is_not_clear_what_is_meant) {
  EXPECT_TRUE(refused([] { decide({of(1, load_state::loading)}, R"(["a.csv"])", "[1]"); }));
  EXPECT_TRUE(refused([] { decide({of(1, load_state::loading)}, R"(["b.csv","a.csv"])", "[2,1]"); }));
  EXPECT_TRUE(refused([] { decide({of(1, load_state::loading)}, files, same, resume_choice::automatic, true, true); }));
  EXPECT_EQ(decide({of(1, load_state::loading)}, files, same, resume_choice::resume, true, true).how,
            beginning::going_on);
}

TEST(continuation, of_an_input_that_comes_but_once_takes_a_word) {
  const auto killed = of(1, load_state::loading, stdin_only, nothing_known);
  EXPECT_TRUE(refused([&] { decide({killed}, stdin_only, nothing_known, resume_choice::automatic, false); }));
  EXPECT_EQ(decide({killed}, stdin_only, nothing_known, resume_choice::resume, false).how, beginning::going_on);
  for (const auto state : {load_state::stopped, load_state::loaded}) {
    const auto ended = of(1, state, stdin_only, nothing_known);
    EXPECT_EQ(decide({ended}, stdin_only, nothing_known, resume_choice::automatic, false).how, beginning::anew);
    EXPECT_EQ(decide({ended}, stdin_only, nothing_known, resume_choice::resume, false).how, beginning::going_on);
  }
}

TEST(continuation, is_given_up_by_fresh) {
  for (const auto state : {load_state::loading, load_state::loaded})
    EXPECT_EQ(decide({of(1, state)}, files, same, resume_choice::fresh).how, beginning::anew);
}
