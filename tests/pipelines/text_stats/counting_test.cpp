#include "counting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "connectors/files/temp_folder.hpp"
#include "counter.hpp"

namespace text_stats {
namespace {

using penstock::test::temp_folder;
using testing::HasSubstr;

std::string text_of(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) {
    static constexpr const char* words[] = {"word", "Z\u00FCrich", "\u6771\u4EAC", " ",
                                            "\n",   "\u3000",      "\U0001F600",   "\xFF"};
    text += words[random() % std::size(words)];
  }
  text.resize(bytes);
  return text;
}

TEST(small_file_counter, counts_files_around_the_size_of_its_buffer) {
  const temp_folder folder;
  small_file_counter counter;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, buffer_bytes - 1, buffer_bytes, buffer_bytes + 1, 3 * buffer_bytes + 5}) {
    const auto text = text_of(size);
    penstock::files::opened_file file(folder.write("a", text));
    const auto found = counter(file);
    EXPECT_FALSE(found.large);
    EXPECT_EQ(found.sum, count(text).sum) << size;
  }
}

TEST(small_file_counter, leaves_a_large_file_to_others) {
  const temp_folder folder;
  const auto path = folder.write("a", "");
  std::filesystem::resize_file(path, piece_bytes + 1);
  penstock::files::opened_file file(path);
  EXPECT_EQ(small_file_counter()(file).large, piece_bytes + 1);
}

TEST(large_file, in_pieces_of_any_size_counted_in_any_order_has_one_result) {
  const temp_folder folder;
  const auto text = text_of(700'000);
  const auto path = folder.write("a", text).string();
  const auto right = count(text).sum;
  std::mt19937 random(1);
  std::vector<char> buffer;
  for (const std::uint64_t each : {700'000U, 699'999U, 300'001U, 65'536U, 997U}) {
    large_file file(path, text.size(), each);
    std::vector<std::size_t> order(file.pieces());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t i = 0; i < order.size(); ++i) {
      ASSERT_TRUE(file.count_piece(order[i], buffer, {}));
      const auto result = file.result();
      ASSERT_EQ(result.has_value(), i + 1 == order.size());
      if (result) {
        EXPECT_EQ(**result, right) << each;
      }
    }
  }
}

TEST(large_file, that_has_gone_is_a_failure_and_not_opened_for_each_piece) {
  const temp_folder folder;
  large_file file(folder / "gone", 10, 5);
  std::vector<char> buffer;
  EXPECT_TRUE(file.count_piece(1, buffer, {}));
  EXPECT_FALSE(file.result());
  folder.write("gone", "0123456789");  // too late
  EXPECT_TRUE(file.count_piece(0, buffer, {}));
  const auto result = file.result();
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_THAT(result->failure().what, HasSubstr("gone': No such file"));
}

TEST(large_file, that_became_shorter_is_counted_as_far_as_it_goes) {
  const temp_folder folder;
  large_file file(folder.write("a", "ab cd").string(), 12, 4);
  std::vector<char> buffer;
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(file.count_piece(i, buffer, {}));
  EXPECT_FALSE(file.result());
  EXPECT_FALSE(file.result());
  EXPECT_EQ((*file.result())->words, 2U);
}

TEST(large_file, is_given_up_in_the_middle_of_a_piece_when_the_run_is_cancelled) {
  const temp_folder folder;
  large_file file(folder.write("a", "ab cd").string(), 5, 5);
  penstock::stop_source stop;
  stop.request_stop();
  std::vector<char> buffer;
  EXPECT_FALSE(file.count_piece(0, buffer, stop.token()));
}

TEST(split, keeps_small_files_together_and_makes_a_few_thousand_pieces_of_any_large_one) {
  using looked = penstock::files::file_result<looked_at>;
  std::vector<looked> batch;
  batch.emplace_back("small", looked_at{.sum = count("a b").sum, .large = {}});
  batch.emplace_back("large", looked_at{.sum = {}, .large = 3 * piece_bytes + 1});
  batch.emplace_back("gone", penstock::files::file_failure{std::make_error_code(std::errc::io_error), "it was so"});
  batch.emplace_back("huge", looked_at{.sum = {}, .large = std::uint64_t{1} << 50});
  const auto items = split(std::move(batch));
  const auto& ready = std::get<std::vector<file_counts>>(items[0]);
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[0]->words, 2U);
  EXPECT_EQ(ready[1].failure().what, "it was so");
  EXPECT_EQ(std::get<piece>(items[1]).of->pieces(), 4U);
  EXPECT_LE(items.size(), 1U + 4U + 4096U);
}

}  // namespace
}  // namespace text_stats
