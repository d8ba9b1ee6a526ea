#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <penstock/base/error.hpp>
#include <penstock/connectors/files.hpp>
#include <vector>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::failure_of;
using test::temp_folder;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Source>
auto all(Source source) {
  std::vector<std::decay_t<decltype(*source())>> items;
  while (auto item = source()) items.push_back(std::move(*item));
  return items;
}

TEST(files, lines_lose_their_ends_and_the_last_may_lack_one) {
  const temp_folder folder;
  const auto path = folder.write("a.txt", "one\ntwo\r\n\nfour\r");
  EXPECT_THAT(all(files::lines(path)), ElementsAre("one", "two", "", "four\r"));
  EXPECT_THAT(all(files::lines(folder.write("empty", ""))), ElementsAre());
}

TEST(files, lines_longer_than_the_read_buffer_come_whole) {
  const temp_folder folder;
  const std::string longest(1'000'000, 'x');
  EXPECT_THAT(all(files::lines(folder.write("a.txt", longest + "\nb\n"))), ElementsAre(longest, "b"));
}

TEST(files, a_line_above_the_limit_is_a_failure_that_names_the_file) {
  const temp_folder folder;
  const auto path = folder.write("a.txt", "1234\r\n12345\n");
  files::lines lines(path, 4);
  EXPECT_EQ(lines(), "1234");
  EXPECT_THAT(failure_of([&] { (void)lines(); }), HasSubstr("a.txt': a line of more than 4 bytes"));
  EXPECT_THAT(failure_of([&] { all(files::lines(folder.write("b", std::string(1'000'000, 'x')), 10)); }),
              HasSubstr("more than 10 bytes"));
}

TEST(files, a_copy_of_an_unstarted_source_is_a_source_of_its_own) {
  const temp_folder folder;
  const files::lines declared(folder.write("a.txt", "1\n2\n"));
  EXPECT_THAT(all(declared), ElementsAre("1", "2"));
  EXPECT_THAT(all(declared), ElementsAre("1", "2"));
}

TEST(files, chunks_are_full_except_the_last) {
  const temp_folder folder;
  EXPECT_THAT(all(files::chunks(folder.write("a", "abcdefgh"), 3)), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(all(files::chunks(folder.write("b", "abcdef"), 3)), ElementsAre("abc", "def"));
  EXPECT_THAT(all(files::chunks(folder.write("c", ""), 3)), ElementsAre());
}

TEST(files, whole_files_come_in_the_order_given) {
  const temp_folder folder;
  const auto a = folder.write("a", "first");
  const auto b = folder.write("b", std::string(700'000, 'b'));
  const auto read = all(files::whole_files({b, a}));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].path, b);
  EXPECT_EQ(read[0].content.size(), 700'000U);
  EXPECT_EQ(read[1].content, "first");
}

TEST(files, a_file_whose_size_is_not_known_before_is_read_whole) {
  EXPECT_THAT(files::whole("/proc/self/status"), HasSubstr("VmPeak"));
}

TEST(files, a_directory_is_listed_sorted_and_by_glob) {
  const temp_folder folder;
  for (const char* name : {"b.csv", "a.csv", "sub/c.csv", "a.txt"}) (void)folder.write(name, "");
  const auto root = folder / "";
  EXPECT_THAT(all(files::directory(root, {.glob = "*.csv"})),
              ElementsAre(folder / "a.csv", folder / "b.csv", folder / "sub/c.csv"));
  EXPECT_THAT(all(files::directory(root, {.glob = "?.csv", .depth = files::depth::flat})),
              ElementsAre(folder / "a.csv", folder / "b.csv"));
}

TEST(files, a_missing_file_says_which_and_why) {
  const auto missing = std::filesystem::path("/nonexistent/a.csv");
  const auto sentence = "cannot open '/nonexistent/a.csv': No such file or directory";
  EXPECT_EQ(failure_of([&] {
              files::lines source(missing);
              (void)source();
            }),
            sentence);
  EXPECT_EQ(failure_of([&] {
              files::chunks source(missing);
              (void)source();
            }),
            sentence);
  EXPECT_EQ(failure_of([&] { (void)files::whole(missing); }), sentence);
  EXPECT_EQ(failure_of([&] {
              files::directory source(missing.parent_path());
              (void)source();
            }),
            "cannot list the directory '/nonexistent': No such file or directory");
}

TEST(files, a_directory_is_not_a_file) {
  const temp_folder folder;
  const auto path = folder / "";
  EXPECT_EQ(failure_of([&] { (void)files::whole(path); }), "cannot read '" + path.string() + "': Is a directory");
}

// Root may read everything, so it is somebody else for a moment.
class as_nobody {
 public:
  as_nobody() { changed_ = ::geteuid() == 0 && ::seteuid(65534) == 0; }
  ~as_nobody() {
    if (changed_) (void)!::seteuid(0);
  }
  as_nobody(const as_nobody&) = delete;
  as_nobody& operator=(const as_nobody&) = delete;

 private:
  bool changed_ = false;
};

TEST(files, an_unreadable_file_says_so) {
  const temp_folder folder;
  const auto path = folder.write("secret", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const as_nobody nobody;
  EXPECT_EQ(failure_of([&] { (void)files::whole(path); }), "cannot open '" + path.string() + "': Permission denied");
}

TEST(files, a_read_that_fails_says_so) {
  EXPECT_EQ(failure_of([] { (void)files::whole("/proc/self/mem"); }),
            "cannot read '/proc/self/mem': Input/output error");
}

TEST(files, require_readable_finds_the_missing_one_of_several) {
  const temp_folder folder;
  const std::vector<std::string> paths = {folder.write("a", "").string(), "-", "/nonexistent/b"};
  EXPECT_THAT(failure_of([&] { files::require_readable(paths); }), HasSubstr("'/nonexistent/b'"));
}

TEST(files, sizes_of_nothing_are_refused_at_declaration) {
  EXPECT_THROW(files::chunks("a", 0), declaration_error);
  EXPECT_THROW(files::lines("a", 0), declaration_error);
}

}  // namespace
}  // namespace penstock
