#include "row_places.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/ndjson.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace csv = penstock::csv;
namespace files = penstock::files;
namespace ndjson = penstock::ndjson;

namespace {

files::source in_pieces(const std::string& text, std::size_t size) {
  std::size_t at = 0;
  return {"test", [text, size, at](std::span<char> into) mutable {
            const auto part = std::min({size, into.size(), text.size() - at});
            std::memcpy(into.data(), text.data() + at, part);
            at += part;
            return part;
          }};
}

using places = std::vector<std::pair<std::size_t, std::uint64_t>>;  // of rows, as sources and lines

}  // namespace

TEST(row_places, of_csv_are_those_where_a_reading_goes_on_with_the_row) {
  std::mt19937 dice(11);
  const std::vector<std::string> lines{"1,2\n", "\n", "3,\"x\ny\"\r\n", "4,\"\"\"\"\n", "caf\xC3\xA9,5\n", "bad\n"};
  std::size_t tried = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> texts(1 + dice() % 3);
    for (auto& text : texts) {
      text = dice() % 2 == 0 ? "\xEF\xBB\xBF\"a\",b\r\n" : "a,b\n";
      for (auto n = dice() % 12; n > 0; --n) text += lines[dice() % lines.size()];
    }
    const auto reading = [&](csv::block_options options) {
      std::vector<files::source> sources;
      for (const auto& text : texts) sources.push_back(in_pieces(text, 1 + dice() % 50));
      options.proof = files::proof::digest;
      return csv::blocks(std::move(sources), options);
    };
    places all;
    std::vector<files::position> begins;  // of them
    auto whole = reading({.rows = 1 + dice() % 6});
    while (auto block = whole.next()) {
      const load::row_places of(*block);
      const auto rows = csv::parse(std::move(*block));
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const bool behind_a_bad_row = !rows.rejected.empty() && rows.rejected.front().line < rows.line(r);
        all.emplace_back(rows.source(), rows.line(r));
        begins.push_back(r == 0 || behind_a_bad_row ? files::position{} : of.of(rows.line(r), r));
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (begins[i].offset == 0) continue;
      places rest;
      auto again = reading({.rows = 1 + dice() % 6, .begin = begins[i]});
      while (auto block = again.next()) {
        const auto rows = csv::parse(std::move(*block));
        for (std::size_t r = 0; r < rows.size(); ++r) rest.emplace_back(rows.source(), rows.line(r));
      }
      EXPECT_EQ(rest, places(all.begin() + static_cast<std::ptrdiff_t>(i), all.end())) << "round " << round;
      ++tried;
    }
  }
  EXPECT_GT(tried, 500U);
}

TEST(row_places, of_ndjson_have_the_digest_of_what_stands_before_in_all_sources) {
  const std::vector<std::string> texts{"{\"n\":1}\n{\"n\":2}\n", "\n{\"n\":3}\n  \n{\"n\":4}\n"};
  const auto reading = [](const std::vector<std::string>& of, const files::position& begin) {
    std::vector<files::source> sources;
    for (const auto& text : of) sources.push_back(in_pieces(text, 5));
    return ndjson::blocks(std::move(sources), {.begin = begin, .proof = files::proof::digest});
  };
  auto whole = reading(texts, {});
  ASSERT_TRUE(whole.next());
  const auto second = whole.next();
  ASSERT_TRUE(second);
  const auto place = load::row_places(*second).of(4, 1);
  auto rest = reading(texts, place);
  EXPECT_EQ(rest.next()->bytes, "{\"n\":4}\n");
  for (const auto& [source, from, to] : {std::tuple(0, '2', '7'), std::tuple(1, '3', '7')}) {
    auto changed = texts;
    std::ranges::replace(changed[static_cast<std::size_t>(source)], from, to);
    EXPECT_THROW(reading(changed, place).next(), files::changed_source);
  }
}
