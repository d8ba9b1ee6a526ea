#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <penstock/connectors/files.hpp>
#include <random>
#include <vector>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using files::write_whole;
using test::failure_of;
using test::temp_folder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

std::vector<std::string> names_in(const temp_folder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(write_whole, makes_a_file_and_replaces_it_and_leaves_nothing_else) {
  const temp_folder folder;
  const auto path = folder / "a.txt";
  for (const auto& content :
       {std::string("first"), std::string(1'000'000, 'x'), std::string(), std::string("a\0b", 3)}) {
    write_whole(path, content);
    EXPECT_EQ(files::whole(path), content);
    EXPECT_THAT(names_in(folder), ElementsAre("a.txt"));
  }
}

TEST(write_whole, keeps_the_permissions_of_a_file_and_gives_a_new_one_the_usual) {
  const temp_folder folder;
  const auto before = ::umask(027);
  write_whole(folder / "new", "x");
  ::umask(before);
  EXPECT_EQ(mode_of(folder / "new"), 0640U);
  ASSERT_EQ(::chmod((folder / "new").c_str(), 0604), 0);
  write_whole(folder / "new", "y");
  EXPECT_EQ(mode_of(folder / "new"), 0604U);
}

TEST(write_whole, keeps_the_owner_if_it_may) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const temp_folder folder;
  const auto path = folder.write("a", "x");
  ASSERT_EQ(::chown(path.c_str(), 12345, 54321), 0);
  write_whole(path, "y");
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 54321U);
}

TEST(write_whole, replaces_what_a_link_leads_to_and_keeps_the_link) {
  const temp_folder folder;
  folder.write("sub/real", "old");
  std::filesystem::create_symlink("sub/real", folder / "second");
  std::filesystem::create_symlink(folder / "second", folder / "first");
  write_whole(folder / "first", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "first"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "second"));
  EXPECT_EQ(files::whole(folder / "sub/real"), "new");
  std::filesystem::create_symlink("to be made", folder / "dangling");
  write_whole(folder / "dangling", "made");
  EXPECT_EQ(files::whole(folder / "to be made"), "made");
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_THAT(failure_of([&] { write_whole(folder / "loop", ""); }), HasSubstr("Too many levels"));
}

TEST(write_whole, leaves_the_old_content_under_other_names_of_the_file) {
  const temp_folder folder;
  const auto path = folder.write("a", "old");
  std::filesystem::create_hard_link(path, folder / "b");
  write_whole(path, "new");
  EXPECT_EQ(files::whole(folder / "b"), "old");
}

TEST(write_whole, takes_names_of_any_length_and_relative_ones) {
  const temp_folder folder;
  const std::string longest(255, 'n');
  write_whole(folder / longest, "x");
  EXPECT_EQ(files::whole(folder / longest), "x");
  EXPECT_THAT(failure_of([&] { write_whole(folder / (longest + "n"), "x"); }), HasSubstr("File name too long"));
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder / "");
  write_whole("relative", "y");
  std::filesystem::current_path(here);
  EXPECT_EQ(files::whole(folder / "relative"), "y");
}

TEST(write_whole, refuses_what_is_no_regular_file_and_says_so) {
  const temp_folder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(failure_of([&] { write_whole(pipe, "x"); }), AllOf(HasSubstr(pipe), HasSubstr("not a regular file")));
  EXPECT_THAT(failure_of([&] { write_whole("/dev/null", "x"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(failure_of([&] { write_whole(folder / "", "x"); }), HasSubstr("Is a directory"));
  EXPECT_THAT(failure_of([&] { write_whole(folder / "no/such", "x"); }), HasSubstr("No such file"));
  EXPECT_THAT(names_in(folder), ElementsAre("pipe"));
}

TEST(replacement, that_is_not_committed_has_not_happened) {
  const temp_folder folder;
  const auto path = folder.write("a", "old");
  {
    files::replacement content(path);
    content.append(std::string(200'000, 'x'));
    EXPECT_EQ(files::whole(path), "old");
  }
  EXPECT_EQ(files::whole(path), "old");
  EXPECT_THAT(names_in(folder), ElementsAre("a"));
}

TEST(replacement, is_what_was_appended_in_pieces_of_any_size) {
  const temp_folder folder;
  std::mt19937 random(1);
  std::string expected;
  files::replacement content(folder / "a");
  for (int i = 0; i < 300; ++i) {
    const std::string piece(random() % (i % 50 == 0 ? 200'000 : 2'000), static_cast<char>('a' + i % 26));
    content.append(piece);
    expected += piece;
  }
  content.commit();
  EXPECT_EQ(files::whole(folder / "a"), expected);
}

// A limit on the size of files stands for the disk that is full: both are an error of `write`.
TEST(write_whole, that_fails_half_way_leaves_the_old_content_and_no_temporary_file) {
  const temp_folder folder;
  const auto path = folder.write("a", "old");
  ASSERT_NE(::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little{100'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto failure = failure_of([&] { write_whole(path, std::string(1'000'000, 'x')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_THAT(failure, AllOf(HasSubstr("cannot write '" + path.string() + "'"), HasSubstr("File too large")));
  EXPECT_EQ(files::whole(path), "old");
  EXPECT_THAT(names_in(folder), ElementsAre("a"));
}

TEST(replacement, that_failed_once_is_never_put_in_place) {
  const temp_folder folder;
  const auto path = folder.write("a", "old");
  ASSERT_NE(::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  {
    files::replacement content(path);
    const rlimit little{100'000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
    const auto first = failure_of([&] { content.append(std::string(1'000'000, 'x')); });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_THAT(first, HasSubstr("File too large"));
    EXPECT_EQ(failure_of([&] { content.commit(); }), first);
  }
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(files::whole(path), "old");
  EXPECT_THAT(names_in(folder), ElementsAre("a"));
}

TEST(write_whole, on_a_full_disk_leaves_the_old_content) {
  const temp_folder folder;
  if (::mount("tmpfs", (folder / "").c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "a small file system can only be mounted by root";
  const auto path = folder.write("a", "old");
  const auto failure = failure_of([&] { write_whole(path, std::string(1'000'000, 'x')); });
  const auto content = files::whole(path);
  const auto names = names_in(folder);
  EXPECT_EQ(::umount((folder / "").c_str()), 0);
  EXPECT_THAT(failure, HasSubstr("No space left"));
  EXPECT_EQ(content, "old");
  EXPECT_THAT(names, ElementsAre("a"));
}

// The child replaces the file over and over, and is killed at a random moment: the file is one of the contents, whole.
TEST(write_whole, killed_at_any_moment_leaves_the_old_or_the_new_content) {
  const auto content = [](int number) { return std::string(300'000, static_cast<char>('a' + number % 26)) + "end"; };
  const temp_folder folder;
  const auto path = folder / "a";
  std::mt19937 random(std::random_device{}());
  int interrupted = 0;
  for (int round = 0; round < 60; ++round) {
    write_whole(path, content(round));
    int beginning[2];
    ASSERT_EQ(::pipe(beginning), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const char go = 'g';
      [[maybe_unused]] const auto written = ::write(beginning[1], &go, 1);
      for (int number = 0;; ++number) write_whole(path, content(number));
    }
    char go = 0;
    ASSERT_EQ(::read(beginning[0], &go, 1), 1);
    ::close(beginning[0]);
    ::close(beginning[1]);
    ::usleep(static_cast<useconds_t>(random() % 5'000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto found = files::whole(path);
    ASSERT_FALSE(found.empty());
    ASSERT_EQ(found, content(found[0] - 'a')) << "a mixture of " << found.size() << " bytes";
    for (const auto& name : names_in(folder)) {
      if (name == "a") continue;
      ++interrupted;
      EXPECT_THAT(name, AllOf(testing::StartsWith(".a."), testing::EndsWith(".tmp")));
      std::filesystem::remove(folder / name);
    }
  }
  EXPECT_GT(interrupted, 0) << "no kill came while a file was being written: the test showed nothing";
}

}  // namespace
}  // namespace penstock
