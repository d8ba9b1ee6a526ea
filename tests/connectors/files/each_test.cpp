#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <penstock/connectors/files.hpp>
#include <penstock/penstock.hpp>
#include <stdexcept>
#include <vector>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::temp_folder;
using testing::HasSubstr;

TEST(read_each, gives_one_result_for_each_file_in_the_order_of_the_batch) {
  const temp_folder folder;
  folder.write("a", "content of a");
  folder.write("b", "");
  std::filesystem::create_directory(folder / "a directory");
  std::filesystem::create_symlink("loop", folder / "loop");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::vector<std::string> batch;
  for (const char* name : {"gone", "a", "a directory", "pipe", "loop", "b"}) batch.push_back(folder / name);
  auto read = files::read_each();
  const auto results = read(batch);
  ASSERT_EQ(results.size(), batch.size());
  const char* const failures[] = {"No such file",       nullptr,           "Is a directory",
                                  "not a regular file", "Too many levels", nullptr};
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].path(), batch[i]);
    ASSERT_EQ(static_cast<bool>(results[i]), failures[i] == nullptr) << batch[i];
    if (failures[i]) {
      EXPECT_THAT(results[i].failure().what, HasSubstr(failures[i]));
      EXPECT_THAT(results[i].failure().what, HasSubstr(batch[i]));
    }
  }
  EXPECT_EQ(*results[1], "content of a");
  EXPECT_EQ(*results[5], "");
}

TEST(read_each, refuses_a_file_that_is_too_large_and_reads_one_that_just_fits) {
  const temp_folder folder;
  auto read = files::read_each({.largest = 1000});
  EXPECT_EQ(*read(folder.write("fits", std::string(1000, 'x')).string()), std::string(1000, 'x'));
  const auto larger = read(folder.write("larger", std::string(1001, 'x')).string());
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.failure().code, std::errc::file_too_large);
  // Its size says 0, so that only reading tells.
  auto read_little = files::read_each({.largest = 10});
  EXPECT_EQ(read_little(std::string("/proc/self/maps")).failure().code, std::errc::file_too_large);
}

TEST(read_each, reads_what_has_no_size_whole) {
  auto read = files::read_each();
  EXPECT_THAT(*read(std::string("/proc/self/maps")), HasSubstr("[stack]"));
}

TEST(open_each, hands_on_the_failure_of_a_walk_without_another_attempt) {
  bool called = false;
  auto body = files::open_each([&](files::opened_file&) { return called = true; });
  const auto result = body(files::found{"/dev/null", {std::make_error_code(std::errc::io_error), "it was so"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.failure().what, "it was so");
  EXPECT_FALSE(called);
}

TEST(open_each, takes_a_system_error_of_the_function_as_the_failure_of_the_file) {
  const temp_folder folder;
  const std::string path = folder.write("a", "");
  auto body = files::open_each([](files::opened_file&) -> int {
    throw std::system_error(std::make_error_code(std::errc::illegal_byte_sequence), "not to my taste");
  });
  const auto result = body(path);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.path(), path);
  EXPECT_EQ(result.failure().code, std::errc::illegal_byte_sequence);
  auto broken = files::open_each([](files::opened_file&) -> int { throw std::logic_error("a defect"); });
  EXPECT_THROW((void)broken(path), std::logic_error);
}

// Holds back each file until as many are open as there are workers: more never are, fewer would hang.
TEST(open_each, has_as_many_files_open_as_the_stage_has_workers) {
  constexpr int workers = 3, files_in_all = 30;
  const temp_folder folder;
  for (int i = 0; i < files_in_all; ++i) folder.write(std::to_string(i), "x");
  std::atomic<int> arrived{0}, open{0}, most{0};
  auto body = files::open_each([&](files::opened_file&) {
    const int now = open.fetch_add(1) + 1;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    if (arrived.fetch_add(1) + 1 >= workers) arrived.notify_all();
    for (int seen = arrived; seen < workers; seen = arrived) arrived.wait(seen);
    open.fetch_sub(1);
    return 0;
  });
  std::atomic<int> done{0};
  runtime machinery({.cpu_workers = 1});
  const auto report = machinery.run(
      pipeline{"open", producer({.name = "find", .on = place::blocking}, files::walk(folder / "", {.batch = 1})),
               transform({.name = "open", .workers = workers, .on = place::blocking}, body),
               consumer({.name = "count"}, [&](const std::vector<files::file_result<int>>&) { ++done; })});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(done, files_in_all);
  EXPECT_EQ(most, workers);
}

TEST(read_each, in_a_pipeline_an_unreadable_file_is_a_result_and_the_run_completes) {
  const temp_folder folder;
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const std::string content(static_cast<std::size_t>(i * 37 % 5000), static_cast<char>('a' + i % 26));
    expected[folder.write(std::to_string(i % 7) + "/" + std::to_string(i), content)] = content;
  }
  std::filesystem::create_symlink("loop", folder / "loop");
  std::map<std::string, std::string> contents;
  std::vector<std::string> failures;
  runtime machinery({.cpu_workers = 1});
  const auto report = machinery.run(
      pipeline{"read", producer({.name = "find", .on = place::blocking}, files::walk(folder / "", {.batch = 16})),
               transform({.name = "read", .workers = 5, .capacity = 2, .on = place::blocking}, files::read_each()),
               consumer({.name = "keep"}, [&](const std::vector<files::file_result<std::string>>& batch) {
                 for (const auto& one : batch) {
                   if (one)
                     EXPECT_TRUE(contents.emplace(one.path(), *one).second) << one.path();
                   else
                     failures.push_back(one.path());
                 }
               })});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(contents, expected);
  EXPECT_EQ(failures, std::vector<std::string>{folder / "loop"});
}

}  // namespace
}  // namespace penstock
