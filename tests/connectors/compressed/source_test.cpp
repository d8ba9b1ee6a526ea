// Compressed files where plain ones could stand.
#include <unistd.h>

#include <penstock/connectors/csv.hpp>

#include "connectors/files/temp_folder.hpp"
#include "packing.hpp"

namespace penstock {
namespace {

using compressed::errc;

class compressed_source : public test::both_formats {
 protected:
  static std::string rows_of(files::source from) {
    csv::blocks blocks({std::move(from)}, {.rows = 10});
    std::string all;
    while (const auto block = blocks.next()) {
      EXPECT_EQ(block->offset, all.empty() ? 4 : all.size() + 4);  // of the plain bytes; the header takes four
      all += block->bytes;
    }
    return all;
  }
  test::temp_folder folder;
};
INSTANTIATE_TEST_SUITE_P(, compressed_source, testing::Values(test::gzip_packing, test::zstd_packing),
                         test::name_of_format);

std::string numbers(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) rows += std::to_string(i) + "," + std::to_string(7 * i) + "\n";
  return rows;
}

TEST_P(compressed_source, is_read_as_the_plain_one) {
  const auto rows = numbers(60'000);
  const auto path = folder.write("t.csv" + std::string(GetParam().suffix), GetParam().pack("a,b\n" + rows));
  EXPECT_EQ(rows_of(compressed::source(path)), rows);
}

TEST_P(compressed_source, is_known_by_its_bytes_whatever_its_name) {
  const auto rows = numbers(10);
  EXPECT_EQ(rows_of(compressed::source(folder.write("t.csv", GetParam().pack("a,b\n" + rows)))), rows);
  EXPECT_EQ(rows_of(compressed::source(folder.write("u.csv", "a,b\n" + rows))), rows);
  for (const std::size_t piece : {1UL, 2UL, 5UL}) {
    EXPECT_EQ(rows_of(compressed::source(test::pieces(GetParam().pack("a,b\n" + rows), piece))), rows);
    EXPECT_EQ(rows_of(compressed::source(test::pieces("a,b\n" + rows, piece))), rows);
  }
}

TEST_P(compressed_source, of_which_a_copy_is_taken_before_it_is_read_is_read_twice) {
  const auto rows = numbers(1000);
  const auto from = compressed::source(folder.write("t", GetParam().pack("a,b\n" + rows)));
  EXPECT_EQ(rows_of(from), rows);
  EXPECT_EQ(rows_of(from), rows);
}

TEST_P(compressed_source, that_is_cut_off_gives_the_rows_before_and_says_so) {
  const auto rows = numbers(60'000);
  const auto packed = GetParam().pack("a,b\n" + rows);
  csv::blocks blocks({compressed::source(folder.write("t.csv", packed.substr(0, packed.size() / 2)))}, {.rows = 10});
  std::string all;
  const auto e = test::failure_to_unpack([&] {
    while (const auto block = blocks.next()) all += block->bytes;
  });
  EXPECT_EQ(e.cause(), errc::truncated);
  EXPECT_NE(std::string(e.what()).find("t.csv ends in the middle of its"), std::string::npos);
  EXPECT_GT(all.size(), rows.size() / 4);
  EXPECT_TRUE(rows.starts_with(all));
}

TEST_P(compressed_source, whose_name_promises_what_the_bytes_are_not_is_refused) {
  const auto path = folder.write("t" + std::string(GetParam().suffix), "a,b\n1,2\n");
  const auto e = test::failure_to_unpack([&] { rows_of(compressed::source(path)); });
  EXPECT_EQ(e.cause(), errc::corrupt);
  EXPECT_NE(std::string(e.what()).find("though its name says so"), std::string::npos);
}

TEST_P(compressed_source, without_any_bytes_is_empty) {
  csv::blocks blocks(
      {compressed::source(folder.write("t", "")), compressed::source(folder.write("u", GetParam().pack("")))});
  EXPECT_EQ(blocks.next()->header, nullptr);
  EXPECT_EQ(blocks.next()->header, nullptr);
  EXPECT_FALSE(blocks.next());
}

TEST_P(compressed_source, gives_what_came_on_a_pipe_without_waiting_for_more_and_is_ended_by_a_stop) {
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  stop_source stop;
  csv::blocks blocks({compressed::source(pipe)}, {.rows = 1});
  std::thread writer([&] {
    std::ofstream to(pipe, std::ios::binary);
    to << GetParam().pack("a,b\n1,2\n3,4\n") << std::flush;
    while (!stop.stop_requested()) std::this_thread::yield();
  });
  EXPECT_EQ(blocks.next(stop.token())->bytes, "1,2\n");
  EXPECT_EQ(blocks.next(stop.token())->bytes, "3,4\n");
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(blocks.next(stop.token()));
  stopper.join();
  writer.join();
}

TEST_P(compressed_source, a_reading_begins_in_it_at_a_place_of_the_plain_bytes) {
  const auto rows = numbers(5000);
  const auto from = compressed::source(folder.write("t", GetParam().pack("a,b\n" + rows)));
  csv::blocks whole({from}, {.rows = 1000, .proof = files::proof::digest});
  const auto place = whole.next()->end;
  csv::blocks rest({from}, {.begin = place, .proof = files::proof::digest});
  EXPECT_TRUE(rest.next()->bytes.starts_with("1000,"));
  const auto changed = compressed::source(folder.write("u", GetParam().pack("a,b\n9" + rows.substr(1))));
  csv::blocks other({changed}, {.begin = place, .proof = files::proof::digest});
  EXPECT_THROW(other.next(), files::changed_source);
}

}  // namespace
}  // namespace penstock
