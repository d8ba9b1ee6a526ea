// Three who publish and give notice, and two threads that activate: every interleaving of their steps, with the word
// that every actor has. Each step is one atomic operation, or what a thread does between two of them.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <iostream>

#include "model/interleavings.hpp"
#include "penstock/flow/notice_word.hpp"

namespace penstock {
namespace {

class world {
 public:
  static constexpr std::size_t publishers = 3;
  static constexpr std::size_t threads = 2;

  [[nodiscard]] static std::size_t actors() { return publishers + threads; }

  [[nodiscard]] bool ready(std::size_t i) const {
    if (i < publishers) return publishers_[i] != publisher::ended;
    return threads_[i - publishers] != thread::asleep || enqueued_ > 0;
  }

  void step(std::size_t i) {
    if (i < publishers) {
      publish(publishers_[i]);
    } else {
      run(threads_[i - publishers]);
    }
  }

  void at_rest() const {
    EXPECT_EQ(seen_, published_) << "something was published, and nobody will look at it";
    EXPECT_EQ(active_, 0);
  }

 private:
  enum class publisher { to_publish, to_notify, ended };
  enum class thread { asleep, to_begin, to_look, to_end };

  void publish(publisher& p) {
    if (p == publisher::to_publish) {
      ++published_;
      p = publisher::to_notify;
    } else {
      if (word_.notify()) ++enqueued_;
      p = publisher::ended;
    }
  }

  void run(thread& t) {
    switch (t) {
      case thread::asleep:
        --enqueued_;
        t = thread::to_begin;
        break;
      case thread::to_begin:
        EXPECT_EQ(active_++, 0) << "two activations at once";
        word_.begin();
        t = thread::to_look;
        break;
      case thread::to_look:
        seen_ = published_;
        t = thread::to_end;
        break;
      case thread::to_end:
        --active_;
        if (!word_.end()) ++enqueued_;
        t = thread::asleep;
        break;
    }
  }

  flow::notice_word word_;
  std::array<publisher, publishers> publishers_{};
  std::array<thread, threads> threads_{};
  int published_ = 0;
  int seen_ = 0;
  int enqueued_ = 0;
  int active_ = 0;
};

TEST(notice_interleavings, of_three_publishers_and_two_threads_lose_no_notice_and_never_activate_twice_at_once) {
  const auto count = model::play_all([] { return world(); });
  std::cout << count << " interleavings\n";
  EXPECT_GT(count, 10'000u);
}

}  // namespace
}  // namespace penstock
