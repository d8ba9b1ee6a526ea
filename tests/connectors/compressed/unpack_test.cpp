// Unpacking as a stage of its own.
#include <penstock/penstock.hpp>

#include "connectors/files/temp_folder.hpp"
#include "packing.hpp"

namespace penstock {
namespace {

using compressed::errc;

class unpack : public test::both_formats {
 protected:
  static pipeline unpacked_to(const std::filesystem::path& file, std::function<void(std::string)> take) {
    return {"unpack", producer({.name = "read"}, files::chunks(file, 1000)),
            flat_map({.name = "unpack"}, per_worker([] { return compressed::unpack("t", 4096); })),
            consumer({.name = "take"}, std::move(take))};
  }
  test::temp_folder folder;
};
INSTANTIATE_TEST_SUITE_P(, unpack, testing::Values(test::gzip_packing, test::zstd_packing), test::name_of_format);

TEST_P(unpack, is_a_stage_whose_blocks_are_the_plain_bytes) {
  const auto text = test::some_text(300'000);
  const auto path = folder.write("t", GetParam().pack(text));
  runtime threads({.cpu_workers = 2});
  std::string all;
  std::size_t largest = 0;
  const auto declared = unpacked_to(path, [&](std::string block) {
    largest = std::max(largest, block.size());
    all += block;
  });
  for (int twice = 0; twice < 2; ++twice) {
    all.clear();
    threads.run(declared).rethrow();
    EXPECT_EQ(all, text);
  }
  EXPECT_LE(largest, 4096U);
}

TEST_P(unpack, fails_the_run_when_the_stream_was_cut_off) {
  const auto packed = GetParam().pack(test::some_text(300'000));
  const auto path = folder.write("t", packed.substr(0, packed.size() - 5));
  runtime threads({.cpu_workers = 1});
  const auto report = threads.run(unpacked_to(path, [](const std::string&) {}));
  EXPECT_EQ(report.state(), end_state::failed);
  EXPECT_EQ(test::failure_to_unpack([&] { report.rethrow(); }).cause(), errc::truncated);
}

TEST_P(unpack, makes_its_blocks_while_they_are_taken) {
  // A thousand times as large as the stream: were all blocks made at once, they would take 100 MB.
  const auto packed = GetParam().pack(std::string(100'000'000, 'x'));
  ASSERT_LT(packed.size(), 200'000U);
  compressed::unpack body("t", 1000);
  auto blocks = body(packed);
  std::size_t taken = 0;
  for (auto& block : blocks) {
    ASSERT_LE(block.size(), 1000U);
    if (++taken == 10) break;
  }
  EXPECT_EQ(taken, 10U);
}

TEST_P(unpack, waits_for_enough_bytes_to_tell_the_format) {
  const auto packed = GetParam().pack("text");
  compressed::unpack body("t");
  std::string all;
  for (const char byte : packed)
    for (auto& block : body(std::string(1, byte))) all += block;
  body.end();
  EXPECT_EQ(all, "text");
  compressed::unpack cut("t");
  for (auto& block : cut(packed.substr(0, 1))) ADD_FAILURE() << block;
  EXPECT_THROW(cut.end(), compressed::error);
}

TEST(unpack_plain, passes_what_is_not_compressed) {
  compressed::unpack body("t", 3);
  std::string all;
  for (auto& block : body("a,b\n1,2\n")) all += block + "|";
  body.end();
  EXPECT_EQ(all, "a,b|\n1,|2\n|");
  EXPECT_THROW(compressed::unpack("t", 0), declaration_error);
}

}  // namespace
}  // namespace penstock
