#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <penstock/base/error.hpp>
#include <penstock/connectors/files.hpp>
#include <set>
#include <vector>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::temp_folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<files::found> all(files::walk source) {
  std::vector<files::found> items;
  while (auto batch = source()) std::move(batch->begin(), batch->end(), std::back_inserter(items));
  return items;
}

std::vector<std::string> names(const std::vector<files::found>& items) {
  std::vector<std::string> result;
  for (const auto& item : items) result.push_back(std::filesystem::path(item.path).filename());
  return result;
}

TEST(walk, finds_what_the_sorted_listing_does) {
  const temp_folder folder;
  for (const char* name : {"a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", "sub/e", ".hidden.txt"})
    folder.write(name, "x");
  for (const auto depth : {files::depth::flat, files::depth::recursive}) {
    for (const char* glob : {"*", "*.txt", "[ab].*", "?.txt", "e", "*x", "*.t?t"}) {
      std::vector<std::string> expected;
      files::directory sorted(folder / "", {.glob = glob, .depth = depth});
      while (auto path = sorted()) expected.push_back(*path);
      std::vector<std::string> found;
      for (const auto& item : all(files::walk(folder / "", {.glob = glob, .depth = depth}))) found.push_back(item.path);
      std::sort(found.begin(), found.end());
      EXPECT_EQ(found, expected) << glob;
    }
  }
}

TEST(walk, returns_full_batches_except_the_last_also_across_directories) {
  const temp_folder folder;
  for (int i = 0; i < 25; ++i) folder.write(std::to_string(i % 3) + "/" + std::to_string(i), "");
  files::walk walk(folder / "", {.batch = 10});
  std::vector<std::size_t> sizes;
  std::set<std::string> paths;
  while (auto batch = walk()) {
    sizes.push_back(batch->size());
    for (const auto& item : *batch) paths.insert(item.path);
  }
  EXPECT_THAT(sizes, ElementsAre(10, 10, 5));
  EXPECT_THAT(paths, SizeIs(25));
}

TEST(walk, begins_with_small_batches_and_never_exceeds_what_was_asked_for) {
  const temp_folder folder;
  for (int i = 0; i < 250; ++i) folder.write(std::to_string(i), "");
  files::walk walk(folder / "", {.batch = 100});
  std::vector<std::size_t> sizes;
  while (auto batch = walk()) sizes.push_back(batch->size());
  EXPECT_THAT(sizes, ElementsAre(16, 32, 64, 100, 38));
}

TEST(walk, counts_links_to_files_as_files_and_does_not_follow_links_to_directories) {
  const temp_folder folder, elsewhere;
  elsewhere.write("x", "");
  folder.write("real", "");
  std::filesystem::create_symlink(elsewhere / "x", folder / "to a file");
  std::filesystem::create_symlink(elsewhere / "", folder / "to a directory");
  std::filesystem::create_symlink(folder / "", folder / "to itself");
  EXPECT_THAT(names(all(files::walk(folder / ""))), UnorderedElementsAre("real", "to a file"));
}

TEST(walk, goes_on_after_what_cannot_be_looked_at_and_says_why) {
  const temp_folder folder;
  folder.write("b", "");
  std::filesystem::create_symlink("loop", folder / "loop");
  std::filesystem::create_symlink("nowhere", folder / "dangling");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::vector<std::string> failures;
  for (const auto& item : all(files::walk({folder / "no such", folder / "pipe", folder / ""}))) {
    if (item.failure)
      failures.push_back(item.failure.what);
    else
      EXPECT_EQ(item.path, folder / "b");
  }
  EXPECT_THAT(failures,
              UnorderedElementsAre(HasSubstr("no such': No such file"), HasSubstr("no regular file"),
                                   HasSubstr("loop': Too many levels"), HasSubstr("dangling': No such file")));
}

TEST(walk, says_that_a_directory_has_gone_and_lists_the_others) {
  const temp_folder folder;
  for (int i = 0; i < 3; ++i) folder.write("first" + std::to_string(i), "");
  std::filesystem::create_directories(folder / "gone");
  folder.write("stays/x", "");
  files::walk walk(folder / "", {.batch = 3});
  ASSERT_EQ(walk()->size(), 3U);  // the files of the top; its directories are to come
  std::filesystem::remove(folder / "gone");
  std::vector<files::found> rest;
  while (auto batch = walk()) std::move(batch->begin(), batch->end(), std::back_inserter(rest));
  ASSERT_EQ(rest.size(), 2U);
  const auto& failed = rest[rest[0].failure ? 0 : 1];
  EXPECT_THAT(failed.failure.what, HasSubstr("cannot list the directory '" + (folder / "gone").string()));
}

TEST(walk, takes_a_file_as_a_root_whatever_the_glob) {
  const temp_folder folder;
  const auto file = folder.write("a.log", "");
  EXPECT_THAT(names(all(files::walk({file.string(), folder.write("sub/b.txt", "").parent_path()}, {.glob = "*.txt"}))),
              ElementsAre("a.log", "b.txt"));
}

TEST(walk, a_copy_of_an_unstarted_one_is_one_of_its_own) {
  const temp_folder folder;
  folder.write("a", "");
  const files::walk declared(folder / "");
  EXPECT_THAT(all(declared), SizeIs(1));
  EXPECT_THAT(all(declared), SizeIs(1));
}

TEST(walk, of_batches_of_nothing_is_refused) { EXPECT_THROW(files::walk(".", {.batch = 0}), declaration_error); }

}  // namespace
}  // namespace penstock
