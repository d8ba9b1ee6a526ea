#include "packing.hpp"

namespace penstock {
namespace {

using compressed::errc;

class decoder : public test::both_formats {
 protected:
  // All of it in pieces of these sizes.
  std::string unpacked(std::string_view packed, std::size_t in = std::string::npos, std::size_t out = 1000) const {
    compressed::decoder how(GetParam().format, "t");
    std::string text, room(out, '\0');
    while (!packed.empty()) {
      auto piece = packed.substr(0, in);
      packed.remove_prefix(piece.size());
      for (;;) {
        const auto step = how.decode(piece, room);
        piece.remove_prefix(step.taken);
        text.append(room, 0, step.given);
        if (step.given == 0 && (piece.empty() || step.taken == 0)) break;
      }
      EXPECT_TRUE(piece.empty());
    }
    how.end();
    return text;
  }
};
INSTANTIATE_TEST_SUITE_P(, decoder, testing::Values(test::gzip_packing, test::zstd_packing), test::name_of_format);

TEST_P(decoder, gives_the_text_back_whatever_the_pieces) {
  for (const std::size_t size : {0UL, 1UL, 100UL, 70'000UL, 1'000'000UL}) {
    const auto text = test::some_text(size);
    const auto packed = GetParam().pack(text);
    EXPECT_EQ(unpacked(packed), text);
    EXPECT_EQ(unpacked(packed, 4096, 1 << 20), text);
    if (size > 100'000) continue;
    EXPECT_EQ(unpacked(packed, 1, 1), text);
  }
}

TEST_P(decoder, takes_members_behind_one_another_as_one_stream) {
  const auto& pack = GetParam().pack;
  const auto packed = pack("one,") + pack("") + pack("two,") + pack(test::some_text(50'000));
  for (const std::size_t in : {1UL, 7UL, 100'000UL})
    EXPECT_EQ(unpacked(packed, in), "one,two," + test::some_text(50'000));
}

TEST_P(decoder, finds_an_end_at_every_byte_but_the_last) {
  const auto packed = GetParam().pack("some,text\n") + GetParam().pack("and,more\n");
  const auto first = GetParam().pack("some,text\n").size();
  for (std::size_t size = 1; size < packed.size(); ++size) {
    if (size == first) continue;
    const auto e = test::failure_to_unpack([&] { unpacked(packed.substr(0, size)); });
    EXPECT_EQ(e.cause(), errc::truncated) << size;
    EXPECT_EQ(std::string(e.what()).find("t ends in the middle"), 0U) << e.what();
  }
  EXPECT_EQ(unpacked(packed.substr(0, first)), "some,text\n");
}

TEST_P(decoder, finds_every_byte_of_the_content_that_was_changed) {
  const auto text = test::some_text(2000);
  const auto packed = GetParam().pack(text);
  // The first ten bytes of gzip hold a time and a system, which mean nothing to us.
  for (std::size_t at = 10; at < packed.size(); ++at) {
    auto changed = packed;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    std::string got;
    try {
      got = unpacked(changed);
    } catch (const compressed::error& e) {
      continue;
    }
    EXPECT_EQ(got, text) << "a change at " << at << " was not noticed";
  }
}

TEST_P(decoder, refuses_what_follows_and_is_no_member) {
  const auto e = test::failure_to_unpack([&] { unpacked(GetParam().pack("a") + "and some text"); });
  EXPECT_EQ(e.cause(), errc::corrupt);
}

TEST(gzip_decoder, steps_over_zeros_behind_the_last_member) {
  compressed::decoder how(compressed::format::gzip, "t");
  const auto packed = test::gzip("a") + std::string(1000, '\0');
  std::string room(10, '\0');
  const auto step = how.decode(packed, room);
  EXPECT_EQ(step.given, 1U);
  EXPECT_EQ(step.taken, packed.size());
  how.end();
  EXPECT_THROW(how.decode("b", room), compressed::error);
}

TEST(zstd_decoder, refuses_a_window_that_takes_too_much_memory) {
  const auto e = test::failure_to_unpack([] {
    compressed::decoder how(compressed::format::zstd, "t");
    std::string room(10, '\0');
    static_cast<void>(how.decode(test::zstd(test::some_text(100), 28), room));
  });
  EXPECT_EQ(e.cause(), errc::too_large);
}

TEST(zstd_decoder, steps_over_skippable_frames) {
  const std::string skippable("\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(compressed::format_of(skippable), compressed::format::zstd);
  compressed::decoder how(compressed::format::zstd, "t");
  std::string room(10, '\0');
  EXPECT_EQ(how.decode(skippable + test::zstd("text"), room).given, 4U);
  how.end();
}

TEST(compressed_format, is_told_by_the_first_bytes_and_promised_by_the_name) {
  using enum compressed::format;
  EXPECT_EQ(compressed::format_of(test::gzip("a")), gzip);
  EXPECT_EQ(compressed::format_of(test::zstd("a")), zstd);
  for (const char* text : {"", "a", "a,b\n1,2\n", "\x1f", "(\xb5", "P,Q\n"})
    EXPECT_EQ(compressed::format_of(text), plain) << text;
  EXPECT_EQ(compressed::promised_by("a.csv.gz"), gzip);
  EXPECT_EQ(compressed::promised_by("a.zst"), zstd);
  EXPECT_EQ(compressed::promised_by("a.zstd"), zstd);
  EXPECT_EQ(compressed::promised_by("gz.csv"), plain);
}

}  // namespace
}  // namespace penstock
