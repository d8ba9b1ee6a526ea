#include "options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "exit_code.hpp"

namespace {

using namespace bench;
using namespace std::chrono_literals;

options read(std::initializer_list<const char*> arguments) {
  std::vector<const char*> all{"penstock-bench"};
  all.insert(all.end(), arguments);
  return *read_options(static_cast<int>(all.size()), all.data());
}

/// The sentence about what is wrong with them; empty: nothing is.
std::string refusal(std::initializer_list<const char*> arguments) {
  try {
    read(arguments);
    return "";
  } catch (const failure& why) {
    EXPECT_EQ(why.code(), exit_code::usage);
    return why.what();
  }
}

TEST(options, without_any_are_one_producer_one_queue_and_one_consumer_for_five_seconds) {
  const auto o = read({});
  ASSERT_EQ(o.variants.size(), 1U);
  const auto& s = o.variants[0].what;
  EXPECT_EQ(words_for(s), "1 producer -> 1 consumer, queue of 1024");
  EXPECT_EQ(s.items, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(o.lasts, 5s);
  EXPECT_EQ(o.swept, "");
}

TEST(options, of_the_classic_demonstration) {
  const auto o = read({"--producers", "2", "--consumers", "3", "--capacity", "5", "--produce-rate", "2/s",
                       "--consume-rate", "1.5/s", "--for", "10s"});
  const auto& s = o.variants[0].what;
  EXPECT_EQ(s.producers, 2U);
  EXPECT_EQ(s.consumers, 3U);
  EXPECT_EQ(s.capacity, 5U);
  EXPECT_EQ(s.stages, 0U);
  EXPECT_EQ(s.produce_rate, (penstock::rate{1, 500ms}));
  EXPECT_EQ(s.consume_rate, (penstock::rate{3, 2s}));
  EXPECT_EQ(o.lasts, 10s);
  EXPECT_EQ(words_for(s), "2 producers (2.00/s each) -> 3 consumers (1.50/s each), queue of 5");
}

TEST(options, about_stages_in_between_bring_one_about) {
  EXPECT_EQ(read({"--work", "10us"}).variants[0].what.stages, 1U);
  EXPECT_EQ(read({"--workers", "4"}).variants[0].what.stages, 1U);
  EXPECT_EQ(read({"--order", "kept"}).variants[0].what.stages, 1U);
  EXPECT_EQ(read({"--on", "blocking"}).variants[0].what.stages, 1U);
  EXPECT_EQ(read({"--sweep", "workers=1,2"}).variants[0].what.stages, 1U);
  EXPECT_EQ(read({"--work", "10us", "--stages", "3"}).variants[0].what.stages, 3U);
  EXPECT_EQ(read({"--produce-work", "10us"}).variants[0].what.stages, 0U);
}

TEST(options, of_items_measure_to_the_last) {
  const auto o = read({"--items", "1000"});
  EXPECT_EQ(o.variants[0].what.items, 1000U);
  EXPECT_FALSE(o.lasts);
}

TEST(options, of_a_sweep_are_a_shape_for_each_value) {
  const auto o = read({"--sweep", "workers=1,2,4", "--work", "1.5us", "--item-bytes", "4KiB", "--latency"});
  EXPECT_EQ(o.swept, "workers");
  EXPECT_EQ(o.lasts, 2s);
  ASSERT_EQ(o.variants.size(), 3U);
  const char* values[] = {"1", "2", "4"};
  const std::size_t workers[] = {1, 2, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(o.variants[i].value, values[i]);
    EXPECT_EQ(o.variants[i].what.workers, workers[i]);
    EXPECT_EQ(o.variants[i].what.work, 1500ns);
    EXPECT_EQ(o.variants[i].what.item_bytes, 4096U);
    EXPECT_TRUE(o.variants[i].what.latency);
  }
}

TEST(options, can_be_swept_whatever_they_are) {
  for (const char* text :
       {"producers=1,2", "consumers=1,2", "capacity=1,64", "produce-rate=1/s,2/s", "consume-rate=1k/s,2k/s",
        "stages=0,8", "work=0s,1us", "produce-work=1us,2us", "consume-work=1us,2us", "item-bytes=0,1MB",
        "order=any,kept", "on=cpu,blocking", "threads=1,2"})
    EXPECT_EQ(read({"--sweep", text}).variants.size(), 2U) << text;
}

TEST(options, of_a_sweep_are_a_title_without_what_is_swept) {
  const auto title = [](std::initializer_list<const char*> arguments) {
    const auto o = read(arguments);
    return words_for(o.variants[0].what, o.swept);
  };
  EXPECT_EQ(title({"--sweep", "producers=1,2"}), "producers -> 1 consumer, queue of 1024");
  EXPECT_EQ(title({"--sweep", "consumers=1,2", "--consume-rate", "2/s"}),
            "1 producer -> consumers (2.00/s each), queue of 1024");
  EXPECT_EQ(title({"--sweep", "stages=0,1"}), "1 producer -> stages -> 1 consumer, queues of 1024");
  EXPECT_EQ(title({"--sweep", "workers=2,4"}), "1 producer -> 1 stage -> 1 consumer, queues of 1024");
  EXPECT_EQ(title({"--sweep", "capacity=1,2"}), "1 producer -> 1 consumer, queue");
  EXPECT_EQ(title({"--sweep", "produce-rate=1/s,2/s"}), "1 producer -> 1 consumer, queue of 1024");
  EXPECT_EQ(title({"--sweep", "work=1us,2us", "--workers", "2"}),
            "1 producer -> 1 stage x 2 workers -> 1 consumer, queues of 1024");
}

TEST(options, that_cannot_be_are_refused_with_their_name_and_what_was_written) {
  struct wrong {
    std::initializer_list<const char*> arguments;
    const char* says;
  };
  const wrong all[] = {
      {{"--producers", "0"}, "--producers: '0' is no whole number from 1 to 1024"},
      {{"--consumers", "1025"}, "--consumers: '1025' is no whole number from 1 to 1024"},
      {{"--capacity", "five"}, "--capacity: 'five' is no whole number"},
      {{"--capacity", "0"}, "--capacity: '0' is no whole number"},
      {{"--stages", "257"}, "--stages: '257' is no whole number from 0 to 256"},
      {{"--workers", "0"}, "--workers: '0'"},
      {{"--produce-rate", "2"}, "--produce-rate: '2' is no rate such as 2/s, 1.5/s"},
      {{"--consume-rate", "0/s"}, "--consume-rate: '0/s' is no rate"},
      {{"--produce-rate", "1M/s", "--producers", "1001"}, "--produce-rate: all producers together"},
      {{"--consume-rate", "1000M/s", "--consumers", "2"}, "--consume-rate: all consumers together"},
      {{"--work", "10"}, "--work: '10' is no duration such as 10us"},
      {{"--work", "11s"}, "--work: '11s' is longer than 10s"},
      {{"--for", "0s"}, "--for: 0s is too short"},
      {{"--for", ""}, "--for: '' is no duration"},
      {{"--items", "0"}, "--items: '0' is no whole number"},
      {{"--items", "1", "--for", "1s"}, "excludes"},
      {{"--item-bytes", "65MiB"}, "--item-bytes: '65MiB' is no size up to 64MiB"},
      {{"--order", "sorted"}, "--order: 'sorted' is neither kept nor any"},
      {{"--on", "gpu"}, "--on: 'gpu' is neither cpu nor blocking"},
      {{"--stages", "0", "--work", "1us"}, "--work is about the stages in between, and --stages 0 wants none"},
      {{"--stages", "0", "--sweep", "work=1us,2us"},
       "--work is about the stages in between, and --stages 0 wants none"},
      {{"--sweep", "stages=1,0", "--workers", "2"},
       "--workers is about the stages in between, and --sweep stages=0 wants none"},
      {{"--sweep", "workers=1,2", "--workers", "3"}, "--workers is swept, so it cannot be given too"},
      {{"--sweep", "workers"}, "--sweep: 'workers' is not written as workers=1,2,4"},
      {{"--sweep", "depth=1,2"}, "what can be swept: producers, consumers, capacity"},
      {{"--sweep", "workers=1,,2"}, "--sweep workers: '' is no whole number"},
      {{"--sweep", "workers="}, "--sweep workers: '' is no whole number"},
      {{"--sweep", ""}, "is not written as"},
      {{"--drain-within", "soon"}, "--drain-within: 'soon' is no duration"},
      {{"--live", "sometimes"}, "--live"},
      {{"--unknown"}, "--unknown"},
      {{"file"}, "file"},
  };
  for (const auto& one : all) {
    const auto sentence = refusal(one.arguments);
    EXPECT_NE(sentence.find(one.says), std::string::npos) << sentence << "\nexpected: " << one.says;
    EXPECT_NE(sentence.find("penstock-bench --help"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
}

}  // namespace
