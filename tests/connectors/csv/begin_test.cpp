// A reading that begins where another one was.
#include <gtest/gtest.h>

#include <algorithm>
#include <penstock/connectors/csv.hpp>
#include <random>
#include <utility>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::pieces;

// Rows with their places, whatever the blocks were.
struct row {
  std::size_t source;
  std::uint64_t line;
  std::string text;
  bool operator==(const row&) const = default;
};

struct reading {
  std::vector<row> rows;
  std::vector<files::position> ends;     // of the blocks
  std::vector<std::size_t> rows_before;  // each end
};

reading read(std::vector<files::source> sources, csv::block_options options) {
  reading all;
  options.max_row_bytes = 40;
  csv::blocks from(std::move(sources), options);
  while (auto block = from.next()) {
    all.ends.push_back(block->end);
    const auto parsed = csv::parse(std::move(*block));
    for (std::size_t r = 0; r < parsed.size(); ++r) {
      std::string text;
      for (std::size_t c = 0; c < parsed.columns(); ++c) text += std::string(parsed.field(r, c)) + '|';
      all.rows.push_back({parsed.source(), parsed.line(r), std::move(text)});
    }
    for (const auto& bad : parsed.rejected) all.rows.push_back({bad.source, bad.line, bad.reason});
    all.rows_before.push_back(all.rows.size());
    std::ranges::sort(all.rows, {}, [](const row& r) { return std::pair(r.source, r.line); });
  }
  return all;
}

std::string random_text(std::mt19937& dice) {
  std::string text = dice() % 2 == 0 ? "\xEF\xBB\xBF" : "";
  text += dice() % 2 == 0 ? "a,b\n" : "\n\"a\",b\r\n";
  const std::vector<std::string> lines{
      "1,2\n", "\n", "3,\"x\ny\"\r\n", "bad\n", "4,\"\"\"\"\n", std::string(60, 'x') + ",1\n", "caf\xC3\xA9,5\n"};
  for (auto n = dice() % 12; n > 0; --n) text += lines[dice() % lines.size()];
  if (dice() % 3 == 0) text += "9,end";
  return text;
}

TEST(csv_begin, at_the_end_of_any_block_gives_exactly_the_rows_behind_it) {
  std::mt19937 dice(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts(1 + dice() % 3);
    for (auto& text : texts) text = random_text(dice);
    const auto sources = [&] {
      std::vector<files::source> s;
      for (const auto& text : texts) s.push_back(pieces(text, 1 + dice() % 50));
      return s;
    };
    const auto whole = read(sources(), {.rows = 1 + dice() % 3, .proof = files::proof::digest});
    for (std::size_t i = 0; i < whole.ends.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "round " << round << ", block " << i);
      for (const auto proof : {files::proof::digest, files::proof::none}) {
        const auto rest = read(sources(), {.rows = 1 + dice() % 5, .begin = whole.ends[i], .proof = proof});
        const std::vector<row> wanted(whole.rows.begin() + static_cast<std::ptrdiff_t>(whole.rows_before[i]),
                                      whole.rows.end());
        EXPECT_EQ(rest.rows, wanted);
        EXPECT_EQ(rest.ends.back().digest, proof == files::proof::digest ? whole.ends.back().digest : 0U);
      }
    }
  }
}

TEST(csv_begin, refuses_sources_that_were_changed_before_the_place_and_no_others) {
  const std::vector<std::string> texts{"a,b\n1,2\n3,4\n", "a,b\n5,6\n7,8\n9,10\n"};
  const auto whole = read({pieces(texts[0]), pieces(texts[1])}, {.rows = 1, .proof = files::proof::digest});
  const auto place = whole.ends.at(3);  // behind "7,8"
  ASSERT_EQ(place.offset, 12U);
  const auto again = [&](const std::string& first, const std::string& second) {
    return read({pieces(first), pieces(second)}, {.begin = place, .proof = files::proof::digest}).rows;
  };
  EXPECT_EQ(again(texts[0], texts[1]).size(), 1U);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t at = 0; at < (i == 0 ? texts[0].size() : place.offset); ++at) {
      auto changed = texts;
      changed[i][at] = changed[i][at] == '0' ? '1' : '0';
      EXPECT_THROW(again(changed[0], changed[1]), files::changed_source) << i << ' ' << at;
    }
  EXPECT_THROW(again(texts[0] + "5,6\n", texts[1].substr(4)), files::changed_source);
  EXPECT_THROW(again(texts[0], texts[1].substr(0, 11)), files::changed_source);
  EXPECT_THROW(again(texts[0], ""), files::changed_source);
  EXPECT_EQ(again(texts[0], texts[1].substr(0, 12)).size(), 0U);
  EXPECT_EQ(again(texts[0], texts[1] + "11,12\n").size(), 2U);
  EXPECT_EQ(again(texts[0], texts[1].substr(0, 12) + "x,y").size(), 1U);
}

TEST(csv_begin, refuses_a_last_row_that_has_grown) {
  const auto whole = read({pieces("a,b\n1,2\n3,4")}, {.proof = files::proof::digest});
  const auto again = [&](const char* text) {
    return read({pieces(text)}, {.begin = whole.ends.back(), .proof = files::proof::digest}).rows.size();
  };
  EXPECT_EQ(again("a,b\n1,2\n3,4"), 0U);
  EXPECT_THROW(again("a,b\n1,2\n3,45\n"), files::changed_source);
  EXPECT_THROW(again("a,b\n1,2\n3,4\n5,6\n"), files::changed_source);
}

TEST(csv_begin, says_which_source_it_was) {
  try {
    read({pieces("a\n1\n")}, {.begin = {.offset = 100}, .proof = files::proof::none});
    ADD_FAILURE();
  } catch (const files::changed_source& e) {
    EXPECT_STREQ(e.what(), "test is shorter than before");
    EXPECT_EQ(e.source(), 0U);
  }
}

TEST(csv_begin, names_all_sources_in_which_a_byte_may_be_another) {
  const auto read_three = [](std::string first, const files::position& begin) {
    std::vector<files::source> sources{pieces(std::move(first)), pieces("a\n2\n"), pieces("a\n3\n4\n")};
    for (std::size_t i = 0; i < 3; ++i) sources[i].name = std::string(1, static_cast<char>('x' + i));
    return read(std::move(sources), {.rows = 1, .begin = begin, .proof = files::proof::digest});
  };
  const auto place = read_three("a\n1\n", {}).ends.at(2);
  ASSERT_EQ(place.source, 2U);
  try {
    read_three("a\n7\n", place);
    ADD_FAILURE();
  } catch (const files::changed_source& e) {
    EXPECT_STREQ(e.what(), "x, y or z is not as it was before");
  }
}

TEST(csv_begin, of_a_block_follows_the_digest_at_any_of_its_rows) {
  csv::blocks from({pieces("a\n1\n"), pieces("\xEF\xBB\xBF"
                                             "a\n2\n3\n4\n")},
                   {.proof = files::proof::digest});
  while (const auto block = from.next()) {
    auto digest = block->before;
    digest.add(block->bytes);
    EXPECT_EQ(digest.value(), block->end.digest) << block->source;
  }
}

}  // namespace
}  // namespace penstock
