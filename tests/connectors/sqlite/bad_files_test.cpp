// Files, directories and locks that stand in the way: each a cause of its own.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <barrier>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "support.hpp"

using namespace std::chrono_literals;
using sqlite::errc;

namespace {

// A small file system of its own, where the test may make one (as root in most containers it may).
class small_file_system {
 public:
  small_file_system(const std::filesystem::path& at, const char* options) : at_(at) {
    std::filesystem::create_directory(at);
    mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
  }
  ~small_file_system() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  small_file_system(const small_file_system&) = delete;
  small_file_system& operator=(const small_file_system&) = delete;
  bool mounted() const { return mounted_; }
  bool make_read_only() const { return ::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0; }

 private:
  std::filesystem::path at_;
  bool mounted_;
};

// Root may write everywhere; for the length of a scope the process is nobody in particular.
class without_privileges {
 public:
  without_privileges() {
    if (before_ == 0 && ::seteuid(65534) != 0) throw std::runtime_error("seteuid failed");
  }
  ~without_privileges() { [[maybe_unused]] const int back = ::seteuid(before_); }
  without_privileges(const without_privileges&) = delete;
  without_privileges& operator=(const without_privileges&) = delete;

 private:
  uid_t before_ = ::geteuid();
};

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

errc cause_of_opening(const std::filesystem::path& path, sqlite::open_options options = {}) {
  const auto e = failure_of([&] { sqlite::database db(path, options); });
  EXPECT_NE(std::string(e.what()).find(path.string()), std::string::npos) << "names the file: " << e.what();
  return e.cause();
}

// Inserts until it fails; what was committed before must be there and the file sound.
void fill_until_full(sqlite::database& db) {
  sqlite::create_table(db, "t", {{.name = "text", .type = "TEXT"}});
  const auto insert = sqlite::insert_into(db, "t");
  const std::vector<std::tuple<std::string>> batch(20, {bytes(1000)});
  const auto e = failure_of([&] {
    for (int i = 0; i < 10000; ++i) insert(batch);
  });
  EXPECT_EQ(e.cause(), errc::disk_full) << e.what();
  EXPECT_GT(insert.counts().batches, 0U);
  EXPECT_EQ(insert.counts().rows, 20 * insert.counts().batches);
  EXPECT_EQ(count(db, "t"), static_cast<std::int64_t>(insert.counts().rows));
  EXPECT_EQ(db.integrity_check(), std::vector<std::string>{});
}

}  // namespace

TEST(opening, what_is_not_there_cannot_be_opened) {
  temporary_folder folder;
  EXPECT_EQ(cause_of_opening(folder / "no such directory/t.db"), errc::cannot_open);
  EXPECT_EQ(cause_of_opening(folder / "no such file", {.access = sqlite::access_mode::read_write}), errc::cannot_open);
  EXPECT_EQ(cause_of_opening(folder / "no such file", {.access = sqlite::access_mode::read_only}), errc::cannot_open);
  EXPECT_EQ(cause_of_opening(folder.path()), errc::cannot_open) << "a directory";
}

TEST(opening, a_file_that_is_no_database_is_left_alone) {
  temporary_folder folder;
  const std::string content = "name,city\n" + bytes(5000) + "\n";
  write_file(folder / "t.csv", content);
  EXPECT_EQ(cause_of_opening(folder / "t.csv"), errc::corrupt);
  std::ifstream in(folder / "t.csv", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content);
}

TEST(opening, an_empty_file_is_an_empty_database) {
  temporary_folder folder;
  write_file(folder / "t.db", "");
  sqlite::database db(folder / "t.db");
  EXPECT_NO_THROW(sqlite::create_table(db, "t", {{.name = "a"}}));
}

TEST(opening, a_read_only_connection_refuses_to_write) {
  temporary_folder folder;
  {
    sqlite::database db(folder / "t.db");
    sqlite::create_table(db, "t", {{.name = "a"}});
  }
  sqlite::database db(folder / "t.db", {.access = sqlite::access_mode::read_only});
  EXPECT_EQ(failure_of([&] { db.execute("INSERT INTO t VALUES (1)"); }).cause(), errc::read_only);
  EXPECT_EQ(failure_of([&] { sqlite::insert_into(db, "t")(std::vector{std::tuple{1}}); }).cause(), errc::read_only);
}

TEST(opening, a_read_only_file_system_is_named_as_such) {
  temporary_folder folder;
  const small_file_system small(folder / "small", "size=1m");
  if (!small.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  {
    sqlite::database db(folder / "small/t.db");
    sqlite::create_table(db, "t", {{.name = "a"}});
  }
  ASSERT_TRUE(small.make_read_only());
  EXPECT_EQ(cause_of_opening(folder / "small/new.db"), errc::read_only);
  EXPECT_EQ(cause_of_opening(folder / "small/t.db"), errc::read_only);
}

TEST(opening, a_file_or_directory_without_the_right_to_write_is_read_only) {
  temporary_folder folder;
  {
    sqlite::database db(folder / "t.db");
    sqlite::create_table(db, "t", {{.name = "a"}});
  }
  using std::filesystem::perms;
  constexpr auto readable = perms::owner_read | perms::group_read | perms::others_read;
  constexpr auto searchable = readable | perms::owner_exec | perms::group_exec | perms::others_exec;
  std::filesystem::permissions(folder / "t.db", readable);
  std::filesystem::permissions(folder.path(), searchable);
  {
    const without_privileges nobody;
    EXPECT_EQ(cause_of_opening(folder / "t.db"), errc::read_only);
    EXPECT_EQ(cause_of_opening(folder / "new.db"), errc::read_only);
  }
  std::filesystem::permissions(folder.path(), perms::owner_all);
}

TEST(disk_full, on_a_small_file_system_keeps_what_was_committed) {
  temporary_folder folder;
  const small_file_system small(folder / "small", "size=1m");
  if (!small.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  std::int64_t committed = 0;
  {
    sqlite::database db(folder / "small/t.db");
    fill_until_full(db);
    committed = count(db, "t");
    EXPECT_EQ(failure_of([&] { db.close(); }).cause(), errc::disk_full);
  }
  sqlite::database again(folder / "small/t.db", {.access = sqlite::access_mode::read_write});
  EXPECT_EQ(count(again, "t"), committed) << "the log keeps what the file has no room for";
}

TEST(disk_full, by_a_limit_of_pages_keeps_what_was_committed) {
  temporary_folder folder;
  sqlite::database db(folder / "t.db");
  db.execute("PRAGMA max_page_count = 200");
  fill_until_full(db);
  EXPECT_TRUE(db.close());
}

TEST(busy, another_writer_is_reported_when_the_timeout_has_passed) {
  temporary_folder folder;
  sqlite::database other(folder / "t.db");
  sqlite::create_table(other, "t", {{.name = "a", .type = "TEXT"}});
  sqlite::database db(folder / "t.db", {.busy_timeout = 20ms});
  const auto insert = sqlite::insert_into(db, "t");
  const std::vector<std::tuple<std::string>> batch(3, {"x"});
  {
    sqlite::transaction held(other);
    const auto e = failure_of([&] { insert(batch); });
    EXPECT_EQ(e.cause(), errc::busy) << e.what();
    EXPECT_EQ(failure_of([&] { sqlite::transaction waits(db); }).cause(), errc::busy);
    EXPECT_EQ(insert.counts().batches, 0U);
  }
  insert(batch);
  EXPECT_EQ(insert.counts().rows, 3U);
}

TEST(busy, a_writer_that_leaves_in_time_is_waited_for) {
  temporary_folder folder;
  sqlite::database other(folder / "t.db");
  sqlite::create_table(other, "t", {{.name = "a"}});
  other.execute("BEGIN IMMEDIATE");
  std::thread waiting([&] {
    sqlite::database db(folder / "t.db", {.busy_timeout = 60s});
    db.execute("INSERT INTO t VALUES (?)", 1);
  });
  other.execute("COMMIT");
  waiting.join();
  EXPECT_EQ(count(other, "t"), 1);
}

TEST(busy, a_stop_ends_the_wait) {
  temporary_folder folder;
  sqlite::database other(folder / "t.db");
  sqlite::create_table(other, "t", {{.name = "a"}});
  sqlite::transaction held(other);
  penstock::stop_source source;
  std::thread waiting([&] {
    sqlite::database db(folder / "t.db", {.busy_timeout = 100s, .stop = source.token()});
    EXPECT_EQ(failure_of([&] { db.execute("INSERT INTO t VALUES (?)", 1); }).cause(), errc::cancelled);
  });
  source.request_stop();
  waiting.join();
}

TEST(busy, two_that_make_a_file_at_once_wait_for_each_other) {
  for (int round = 0; round < 30; ++round) {
    const temporary_folder folder;
    std::barrier both(2);
    const auto open = [&] {
      both.arrive_and_wait();
      EXPECT_NO_THROW(sqlite::database(folder / "t.db", {.busy_timeout = 60s}));
    };
    std::thread other(open);
    open();
    other.join();
  }
}

TEST(busy, an_exclusive_lock_stands_in_the_way_of_opening) {
  temporary_folder folder;
  sqlite::database other(folder / "t.db", {.journal = sqlite::journal_mode::keep});
  other.execute("PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE t(a)");
  EXPECT_EQ(cause_of_opening(folder / "t.db", {.busy_timeout = 0ms}), errc::busy);
}
