#include "counter.hpp"

#include <gtest/gtest.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include <cstdlib>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "characters.hpp"

namespace text_stats {

std::ostream& operator<<(std::ostream& out, const counts& c) {
  return out << c.lines << " lines, " << c.words << " words, " << c.characters << " characters, " << c.letters
             << " letters, " << c.bytes << " bytes";
}

namespace {

// What `wc` does, one character after the other, with the C library's decoder and classes.
class naive {
 public:
  naive() {
    for (const char* name : {"C.UTF-8", "C.utf8", "en_US.UTF-8"})
      if (locale_ == nullptr) locale_ = ::newlocale(LC_CTYPE_MASK, name, nullptr);
  }
  ~naive() {
    if (locale_ != nullptr) ::freelocale(locale_);
  }
  naive(const naive&) = delete;
  naive& operator=(const naive&) = delete;

  [[nodiscard]] bool usable() const { return locale_ != nullptr; }

  [[nodiscard]] counts operator()(std::string_view text) const {
    const auto before = ::uselocale(locale_);
    counts sum;
    sum.bytes = text.size();
    bool in_word = false;
    for (std::size_t at = 0; at < text.size();) {
      wchar_t wide = 0;
      mbstate_t state{};
      auto bytes = ::mbrtowc(&wide, text.data() + at, text.size() - at, &state);
      if (bytes == static_cast<std::size_t>(-2)) break;
      if (bytes == static_cast<std::size_t>(-1)) {
        ++at;
        continue;
      }
      if (bytes == 0) bytes = 1;
      at += bytes;
      ++sum.characters;
      if (wide == L'\n') ++sum.lines;
      const bool no_break = wide == 0xA0 || wide == 0x2007 || wide == 0x202F || wide == 0x2060;
      const auto c = static_cast<wint_t>(wide);
      if (wide == L'\n' || wide == L'\r' || wide == L'\f' || wide == L'\t' || wide == L'\v' ||
          (::iswprint(c) != 0 && (::iswspace(c) != 0 || no_break))) {
        in_word = false;
      } else if (::iswprint(c) != 0) {
        ++sum.letters;
        if (!in_word) ++sum.words;
        in_word = true;
      }
    }
    ::uselocale(before);
    return sum;
  }

 private:
  locale_t locale_ = nullptr;
};

class counter : public testing::Test {
 protected:
  void SetUp() override {
    if (!expected.usable()) GTEST_SKIP() << "this system has no UTF-8 locale to compare with";
    const char* const given = std::getenv("PENSTOCK_SEED");
    seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    random.seed(seed);
    trace.emplace(__FILE__, __LINE__, "PENSTOCK_SEED=" + std::to_string(seed));
  }

  // Of every way to count.
  void check(std::string_view text, const std::string& what) {
    for (const auto way : {counting_way::fastest, counting_way::portable})
      ASSERT_EQ(count(text, 0, text.size(), way).sum, expected(text)) << what;
  }

  std::size_t below(std::size_t n) { return random() % n; }

  void append_encoded(std::string& text, std::uint32_t c) {
    const auto more = [&](unsigned shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += static_cast<char>(0xC0 | c >> 6);
      more(0);
    } else if (c < 0x10000) {
      text += static_cast<char>(0xE0 | c >> 12);
      more(6), more(0);
    } else {
      text += static_cast<char>(0xF0 | c >> 18);
      more(12), more(6), more(0);
    }
  }

  // Some kinds of text, so that runs of one are long enough for the fast ways and borders between them come often.
  std::string any_text(std::size_t size) {
    static constexpr std::uint32_t special[] = {0x85,   0xA0,   0x1680, 0x2000, 0x2007, 0x200A,  0x200B,   0x2028,
                                                0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF,  0xD7FF,   0xE000,
                                                0xFFFD, 0xFFFF, 0x378,  0x300,  0x6771, 0x1F600, 0x10FFFF, 0x110000};
    std::string text;
    while (text.size() < size) {
      const auto kind = below(7);
      for (auto left = 1 + below(400); left > 0; --left) {
        switch (kind) {
          case 0: text += static_cast<char>(below(256)); break;
          case 1: text += "aB9.- \n"[below(7)]; break;
          case 2: text += " \t\n\v\f\r"[below(6)]; break;
          case 3:
            below(30) == 0 ? append_encoded(text, 0xC0 + static_cast<std::uint32_t>(below(0x500)))
                           : text.push_back("abcdefg ,\n"[below(10)]);
            break;
          case 4: append_encoded(text, static_cast<std::uint32_t>(0x4E00 + below(0x5000))); break;
          case 5: append_encoded(text, special[below(std::size(special))]); break;
          case 6: append_encoded(text, static_cast<std::uint32_t>(below(0x110000))); break;
        }
      }
    }
    text.resize(size);  // anywhere, also in the middle of a character
    return text;
  }

  naive expected;
  unsigned seed = 0;
  std::mt19937 random;
  std::optional<testing::ScopedTrace> trace;
};

TEST_F(counter, agrees_with_the_c_library_about_any_text) {
  for (int round = 0; round < 600; ++round) {
    const auto text = any_text(below(4'000));
    check(text, "round " + std::to_string(round));
    if (HasFatalFailure()) return;
  }
}

TEST_F(counter, agrees_with_the_c_library_about_every_short_sequence_of_telling_bytes) {
  static constexpr char bytes[] = {' ',    'a',    '\n',   '\0',   '\x7F', '\x80', '\x88', '\xA0',
                                   '\xBF', '\xC0', '\xC2', '\xDF', '\xE0', '\xE2', '\xED', '\xEF',
                                   '\xF0', '\xF4', '\xF7', '\xF8', '\xFC', '\xFF'};
  std::string text(4, ' ');
  for (const char a : bytes)
    for (const char b : bytes)
      for (const char c : bytes)
        for (const char d : bytes) {
          text = {a, b, c, d};
          check(text, testing::PrintToString(text));
          if (HasFatalFailure()) return;
        }
}

TEST_F(counter, agrees_with_the_c_library_about_sequences_of_five_and_six_bytes) {
  for (int round = 0; round < 20'000; ++round) {
    std::string text(1, static_cast<char>(0xF8 + below(8)));
    while (text.size() < 7) text += static_cast<char>(below(9) == 0 ? below(256) : 0x80 + below(64));
    check(text, testing::PrintToString(text));
    if (HasFatalFailure()) return;
  }
}

// Alone, and where a block of bytes is looked at as a whole, at each of its places.
TEST_F(counter, agrees_with_the_c_library_about_every_character_that_unicode_has) {
  std::string block;
  for (std::uint32_t c = 0x80; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    append_encoded(block, c);
    if (c % 7 == 0) block += c % 3 == 0 ? "a " : " b";
    if (block.size() < 5'000) continue;
    check(block, "up to " + std::to_string(c));
    if (HasFatalFailure()) return;
    block.assign(c % 64, 'x');
  }
}

TEST_F(counter, sees_a_stray_byte_at_every_place_of_a_block) {
  std::string text;
  while (text.size() < 300) text += "\u00FC\u6771 \U0001F600\u9FBF";
  for (std::size_t place = 0; place < 200; ++place) {
    for (const char stray : {'\x80', '\xBF', '\xC1', '\xC3', '\xE6', '\xF0', '\xF8', '\xFF', 'a', ' ', '\0'}) {
      auto broken = text;
      broken[place] = stray;
      check(broken, "place " + std::to_string(place) + " has " + std::to_string(stray));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(counter, of_pieces_cut_anywhere_counts_what_that_of_the_whole_does) {
  for (int round = 0; round < 300; ++round) {
    const auto text = any_text(below(3'000));
    piece_counts all;
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = std::min(text.size(), begin + below(round % 2 == 0 ? 10 : 700));
      const auto from = begin < border ? 0 : begin - border;
      const auto to = std::min(text.size(), end + border);
      const auto way = round % 3 == 0 ? counting_way::portable : counting_way::fastest;
      all.append(count(std::string_view(text).substr(from, to - from), begin - from, end - from, way));
      begin = end;
    }
    ASSERT_EQ(all.sum, expected(text)) << "round " << round;
  }
}

TEST_F(counter, puts_pieces_together_in_any_grouping) {
  for (int round = 0; round < 300; ++round) {
    const auto text = any_text(below(60));
    std::vector<piece_counts> pieces;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto from = i < border ? 0 : i - border;
      pieces.push_back(count(std::string_view(text).substr(from, i + 1 + border - from), i - from, i + 1 - from));
    }
    while (pieces.size() > 1) {
      const auto at = below(pieces.size() - 1);
      pieces[at].append(pieces[at + 1]);
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    const auto all = pieces.empty() ? piece_counts{} : pieces[0];
    ASSERT_EQ(all.sum, expected(text)) << testing::PrintToString(text);
  }
}

TEST_F(counter, finds_the_same_from_several_threads_that_look_up_characters_at_once) {
  std::string text;
  for (std::uint32_t c = 0; c < 0x30000; c += 7) append_encoded(text, c);
  const auto right = expected(text);
  std::vector<counts> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& one : found) threads.emplace_back([&] { one = count(text).sum; });
  }
  for (const auto& one : found) EXPECT_EQ(one, right);
}

TEST(counts, have_an_average_only_where_there_are_words) {
  EXPECT_EQ(count("").sum.average_word_length(), std::nullopt);
  EXPECT_EQ(count(" \n\n").sum.average_word_length(), std::nullopt);
  EXPECT_EQ(count("ab abcd").sum.average_word_length(), 3.0);
  EXPECT_EQ(count("Z\u00FCrich, \u6771\u4EAC").sum.average_word_length(), 4.5);  // 7 and 2, whatever their bytes
}

}  // namespace
}  // namespace text_stats
