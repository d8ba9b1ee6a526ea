#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <penstock/connectors/files/opened_file.hpp>
#include <system_error>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::failure_of;
using test::temp_folder;
using testing::AllOf;
using testing::HasSubstr;

TEST(opened_file, reads_on_until_its_end_and_says_so_with_less_than_was_asked) {
  const temp_folder folder;
  files::opened_file file(folder.write("a", "abcdefgh"));
  EXPECT_EQ(file.size(), 8U);
  char piece[5];
  EXPECT_EQ(file.read(piece), 5U);
  EXPECT_EQ(std::string(piece, 5), "abcde");
  EXPECT_EQ(file.read(piece), 3U);
  EXPECT_EQ(std::string(piece, 3), "fgh");
  EXPECT_EQ(file.read(piece), 0U);
}

TEST(opened_file, reads_at_any_place_without_moving_on) {
  const temp_folder folder;
  files::opened_file file(folder.write("a", "abcdefgh"));
  char piece[4];
  EXPECT_EQ(file.read_at(6, piece), 2U);
  EXPECT_EQ(std::string(piece, 2), "gh");
  EXPECT_EQ(file.read_at(100, piece), 0U);
  EXPECT_EQ(file.read(piece), 4U);
  EXPECT_EQ(std::string(piece, 4), "abcd");
}

TEST(opened_file, reads_what_has_no_size_to_its_end) {
  files::opened_file file("/proc/self/maps");  // comes in pieces of a page at most, and says that it is empty
  std::string content(1 << 20, '\0');
  content.resize(file.read(content));
  EXPECT_EQ(file.size(), 0U);
  EXPECT_THAT(content, HasSubstr("[stack]"));
}

TEST(opened_file, is_not_had_of_what_is_no_regular_file_and_nothing_waits) {
  const temp_folder folder;
  const auto pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto attempt = [](const std::string& path) { return failure_of([&] { files::opened_file opened(path); }); };
  EXPECT_THAT(attempt(pipe), AllOf(HasSubstr(pipe), HasSubstr("not a regular file")));
  EXPECT_THAT(attempt("/dev/null"), HasSubstr("not a regular file"));
  EXPECT_THAT(attempt(folder / ""), HasSubstr("Is a directory"));
  EXPECT_THAT(attempt(folder / "no such"), AllOf(HasSubstr("cannot open"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace penstock
