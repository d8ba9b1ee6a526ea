#include "penstock/flow/notice_word.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace penstock::flow {
namespace {

TEST(notice_word, the_first_notice_of_an_idle_actor_must_be_acted_upon) {
  notice_word word;
  EXPECT_TRUE(word.looks_idle());
  EXPECT_TRUE(word.notify());
  EXPECT_FALSE(word.looks_idle());
}

TEST(notice_word, an_actor_that_is_queued_is_not_queued_again) {
  notice_word word;
  EXPECT_TRUE(word.notify());
  EXPECT_FALSE(word.notify());
}

TEST(notice_word, the_activation_takes_all_notices_given_before_it) {
  notice_word word;
  static_cast<void>(word.notify());
  static_cast<void>(word.notify());
  word.begin();
  EXPECT_TRUE(word.end());
  EXPECT_TRUE(word.looks_idle());
}

TEST(notice_word, a_notice_during_an_activation_starts_no_second_one_and_is_not_lost) {
  notice_word word;
  static_cast<void>(word.notify());
  word.begin();
  EXPECT_FALSE(word.notify());
  EXPECT_FALSE(word.end()) << "the actor must run again";
  word.begin();
  EXPECT_TRUE(word.end());
}

// Two threads notify after they have published a number; the actor runs on whichever of them won the notice. Once both
// are done, the actor must have seen the last numbers, and never have run twice at a time.
TEST(notice_word, from_several_threads_one_runs_it_and_the_last_news_is_seen) {
  for (int round = 0; round < 50; ++round) {
    notice_word word;
    std::atomic<int> published[2] = {0, 0};
    int seen[2] = {0, 0};  // by the actor alone: ThreadSanitizer would see two activations at a time
    const auto activate = [&] {
      do {
        word.begin();
        for (int i = 0; i < 2; ++i) seen[i] = published[i].load(std::memory_order_relaxed);
      } while (!word.end());
    };
    const auto publisher = [&](int which) {
      for (int n = 1; n <= 500; ++n) {
        published[which].store(n, std::memory_order_relaxed);
        if (word.notify()) activate();
      }
    };
    std::thread other(publisher, 1);
    publisher(0);
    other.join();
    EXPECT_EQ(seen[0], 500);
    EXPECT_EQ(seen[1], 500);
  }
}

}  // namespace
}  // namespace penstock::flow
