#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/block_reader.hpp>
#include <thread>

#include "connectors/files/temp_folder.hpp"

namespace penstock::files::detail {
namespace {

using test::failure_of;
using test::pieces;
using test::temp_folder;
using testing::HasSubstr;

constexpr block_limits large = {.rows = 1000, .bytes = 1 << 20};

block_rules lines(std::size_t max_record_bytes = 1 << 20) {
  return {.delimiter = ',', .quote = '"', .blank = blank_line::empty, .max_record_bytes = max_record_bytes};
}

TEST(block_reader, a_block_ends_after_so_many_rows_or_with_the_row_that_reaches_so_many_bytes) {
  block_reader reader({pieces("a\nb\n\nc\nd\n")}, lines(), nullptr);
  ASSERT_TRUE(reader.next_source());
  block b;
  ASSERT_TRUE(reader.read(b, {.rows = 2, .bytes = 100}, {}));
  EXPECT_EQ(b.bytes, "a\nb\n");
  EXPECT_EQ(b.records, 2U);
  ASSERT_TRUE(reader.read(b, {.rows = 100, .bytes = 2}, {}));
  EXPECT_EQ(b.bytes, "\nc\n");
  EXPECT_EQ(b.records, 1U);
  EXPECT_EQ(b.first_line, 3U);
  EXPECT_EQ(b.first_record, 3U);
  EXPECT_EQ(b.offset, 4U);
  ASSERT_TRUE(reader.read(b, large, {}));
  EXPECT_EQ(b.bytes, "d\n");
  EXPECT_FALSE(reader.read(b, large, {}));
  EXPECT_FALSE(reader.next_source());
}

TEST(block_reader, a_block_has_room_for_parsers_that_read_past_its_end) {
  block_reader reader({pieces("a\nb\n")}, lines(), nullptr);
  ASSERT_TRUE(reader.next_source());
  block b;
  ASSERT_TRUE(reader.read(b, large, {}));
  EXPECT_GE(b.bytes.capacity(), b.bytes.size() + block::padding);
}

TEST(block_reader, a_byte_order_mark_is_stepped_over_at_the_beginning_of_each_source) {
  for (const std::size_t piece : {1U, 2U, 100U}) {
    block_reader reader({pieces("\xEF\xBB\xBF"
                                "a\n",
                                piece),
                         pieces("\xEF\xBB\xBF", piece), pieces("b\xEF\xBB\xBF\n", piece)},
                        lines(), nullptr);
    block b;
    ASSERT_TRUE(reader.next_source());
    ASSERT_TRUE(reader.read(b, large, {}));
    EXPECT_EQ(b.bytes, "a\n");
    EXPECT_EQ(b.offset + b.bytes.size(), 5U);
    ASSERT_TRUE(reader.next_source());
    EXPECT_FALSE(reader.read(b, large, {}));
    ASSERT_TRUE(reader.next_source());
    ASSERT_TRUE(reader.read(b, large, {}));
    EXPECT_EQ(b.bytes, "b\xEF\xBB\xBF\n");
    EXPECT_EQ(b.source, 2U);
  }
}

TEST(block_reader, a_row_above_the_limit_is_rejected_unheld_and_the_next_is_read) {
  const std::string huge(20 << 20, 'x');
  block_reader reader({pieces("a\n" + huge + "\nb\n")}, lines(1 << 20), nullptr);
  ASSERT_TRUE(reader.next_source());
  block b;
  ASSERT_TRUE(reader.read(b, large, {}));
  EXPECT_EQ(b.bytes, "a\n");
  EXPECT_EQ(b.records, 2U);
  ASSERT_EQ(b.rejected.size(), 1U);
  EXPECT_EQ(b.rejected[0].line, 2U);
  EXPECT_EQ(b.rejected[0].bytes, huge.size() + 1);
  EXPECT_EQ(b.rejected[0].reason, "the row is larger than the limit of 1048576 bytes");
  EXPECT_EQ(b.rejected[0].text, huge.substr(0, rejected_text_bytes));
  EXPECT_LT(b.bytes.capacity(), std::size_t{8} << 20);
  ASSERT_TRUE(reader.read(b, large, {}));
  EXPECT_EQ(b.bytes, "b\n");
  EXPECT_EQ(b.first_line, 3U);
  EXPECT_EQ(b.first_record, 3U);
}

TEST(block_reader, a_row_of_exactly_the_limit_passes) {
  for (const std::size_t piece : {1U, 3U, 100U}) {
    block_reader reader({pieces("1234\n12345\n1234", piece)}, lines(5), nullptr);
    ASSERT_TRUE(reader.next_source());
    block b;
    ASSERT_TRUE(reader.read(b, large, {}));
    EXPECT_EQ(b.bytes, "1234\n");
    ASSERT_EQ(b.rejected.size(), 1U);
    EXPECT_EQ(b.rejected[0].text, "12345");
    ASSERT_TRUE(reader.read(b, large, {}));
    EXPECT_EQ(b.bytes, "1234");
  }
}

TEST(block_reader, a_quote_that_swallows_the_rest_of_the_file_is_named) {
  block_reader reader({pieces("a\nb,\n\"open\n" + std::string(100, '\n'))}, lines(50), nullptr);
  ASSERT_TRUE(reader.next_source());
  block b;
  ASSERT_TRUE(reader.read(b, large, {}));
  ASSERT_EQ(b.rejected.size(), 1U);
  EXPECT_EQ(b.rejected[0].reason,
            "the row is larger than the limit of 50 bytes; a quote opened on line 3 is never closed");
}

TEST(block_reader, progress_counts_bytes_and_knows_the_total_of_files) {
  const temp_folder folder;
  const auto shown = std::make_shared<progress>();
  block_reader reader({folder.write("a", "1\n2\n"), folder.write("b", "3\n")}, lines(), shown);
  EXPECT_EQ(shown->bytes_total, 6U);
  block b;
  while (reader.next_source())
    while (reader.read(b, large, {})) {
    }
  EXPECT_EQ(shown->bytes_read, 6U);

  const auto unknown = std::make_shared<progress>();
  const block_reader of_a_pipe({folder / "a", pieces("x")}, lines(), unknown);
  EXPECT_EQ(unknown->bytes_total, 0U);
}

TEST(block_reader, a_missing_file_and_a_directory_say_so) {
  const temp_folder folder;
  block_reader missing({"/nonexistent/a"}, lines(), nullptr);
  EXPECT_EQ(failure_of([&] { missing.next_source(); }), "cannot open '/nonexistent/a': No such file or directory");
  block_reader directory({folder / ""}, lines(), nullptr);
  EXPECT_THAT(failure_of([&] { directory.next_source(); }), HasSubstr("Is a directory"));
}

TEST(block_reader, a_stop_ends_the_wait_for_a_pipe_and_keeps_the_whole_rows) {
  const temp_folder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  // Open for both, so that neither end waits for the other and the reader never sees an end.
  const int pipe = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(pipe, 0);
  ASSERT_EQ(::write(pipe, "a\nb\nhal", 7), 7);

  const auto shown = std::make_shared<progress>();
  block_reader reader({path}, lines(), shown);
  ASSERT_TRUE(reader.next_source());
  stop_source stop;
  std::thread stopper([&] {
    while (shown->bytes_read < 7) std::this_thread::yield();
    stop.request_stop(stop_reason::stop);
  });
  block b;
  EXPECT_TRUE(reader.read(b, large, stop.token()));
  stopper.join();
  EXPECT_EQ(b.bytes, "a\nb\n");
  EXPECT_EQ(b.records, 2U);
  EXPECT_FALSE(reader.read(b, large, stop.token()));
  EXPECT_FALSE(reader.next_source());
  ::close(pipe);
}

TEST(block_reader, a_stop_ends_the_wait_for_a_pipe_that_nobody_has_opened_for_writing) {
  const temp_folder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  block_reader reader({path}, lines(), nullptr);
  ASSERT_TRUE(reader.next_source());
  stop_source stop;
  stop.request_stop(stop_reason::stop);
  block b;
  EXPECT_FALSE(reader.read(b, large, stop.token()));
  EXPECT_FALSE(reader.next_source());
}

TEST(block_reader, a_pipe_whose_writer_comes_later_is_read_to_its_end) {
  const temp_folder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  block_reader reader({path}, lines(), nullptr);
  ASSERT_TRUE(reader.next_source());
  std::thread writer([&] { std::ofstream(path) << "a\nb\n"; });
  block b;
  EXPECT_TRUE(reader.read(b, large, {}));
  writer.join();
  EXPECT_EQ(b.bytes, "a\nb\n");
  EXPECT_FALSE(reader.read(b, large, {}));
}

TEST(block_reader, limits_that_cannot_work_are_refused) {
  EXPECT_THROW(check_limits({.rows = 0, .bytes = 1}, 1, "test"), declaration_error);
  EXPECT_THROW(check_limits({.rows = 1, .bytes = 0}, 1, "test"), declaration_error);
  EXPECT_THROW(check_limits({.rows = 1, .bytes = 1}, 0, "test"), declaration_error);
  EXPECT_THROW(check_limits({.rows = 1, .bytes = 1}, std::size_t{2} << 30, "test"), declaration_error);
}

}  // namespace
}  // namespace penstock::files::detail
