// Transactions, COPY under way, and pipelines.
#include <stdexcept>

#include "support.hpp"

using namespace penstock::test;
using namespace std::chrono_literals;
using penstock::within;
using postgres::connection;
using postgres::errc;
using postgres::params;
using postgres::pipeline_mode;

namespace {

// A connection, and an empty table of that name that others see too.
asio::awaitable<connection> with_table(std::string name) {
  auto db = co_await connection::async_connect(shared_server().conninfo());
  co_await db.async_script("DROP TABLE IF EXISTS " + name + "; CREATE TABLE " + name + "(x int PRIMARY KEY, t text)");
  co_return db;
}

asio::awaitable<std::int64_t> rows_of(std::string name) {
  const auto n = co_await ask("SELECT count(*) FROM " + name);
  co_return n;
}

}  // namespace

TEST(postgres_transaction, is_kept_when_the_body_ends_and_undone_when_it_throws) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("kept");
    // [transaction]
    const int given = co_await db.async_transaction([](connection& inside) -> asio::awaitable<int> {
      co_await inside.async_execute("INSERT INTO kept VALUES (1)");
      co_return 42;
    });
    // [/transaction]
    EXPECT_EQ(given, 42);
    std::string said;
    try {
      co_await db.async_transaction([](connection& inside) -> asio::awaitable<void> {
        co_await inside.async_execute("INSERT INTO kept VALUES (2)");
        throw std::runtime_error("changed my mind");
      });
    } catch (const std::runtime_error& e) {
      said = e.what();
    }
    EXPECT_EQ(said, "changed my mind");
    EXPECT_TRUE(db.is_open());
    EXPECT_FALSE(db.in_transaction());
    const auto n = co_await rows_of("kept");
    EXPECT_EQ(n, 1);
  });
}

TEST(postgres_transaction, that_is_forgotten_is_undone) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("forgotten");
    {
      const auto begun = co_await db.async_begin();
      co_await db.async_execute("INSERT INTO forgotten VALUES (1)");
    }
    EXPECT_FALSE(db.is_open());
    const auto n = co_await rows_of("forgotten");
    EXPECT_EQ(n, 0);
  });
}

TEST(postgres_transaction, with_a_failed_statement_does_not_pretend_to_commit) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("failed");
    auto begun = co_await db.async_begin();
    co_await db.async_execute("INSERT INTO failed VALUES (1)");
    const auto doubled = co_await failure_of([&] { return db.async_execute("INSERT INTO failed VALUES (1)"); });
    EXPECT_EQ(doubled.cause(), errc::constraint);
    const auto e = co_await failure_of([&] { return begun.async_commit(); });
    EXPECT_EQ(e.cause(), errc::conflict) << e.what();
    const auto again = co_await failure_of([&] { return begun.async_commit(); });
    EXPECT_EQ(again.cause(), errc::misuse);
    const auto rows = co_await db.async_query("SELECT * FROM failed");
    EXPECT_TRUE(rows.empty());
  });
}

TEST(postgres_transaction, is_refused_inside_another) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("nested");
    auto begun = co_await db.async_begin();
    const auto e = co_await failure_of([&] { return db.async_begin(); });
    EXPECT_EQ(e.cause(), errc::misuse);
    co_await begun.async_rollback();
    EXPECT_FALSE(db.in_transaction());
  });
}

TEST(postgres_copy, of_which_a_row_breaks_a_rule_keeps_nothing_and_names_the_row) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("ruled");
    for (const auto format : {postgres::copy_format::text, postgres::copy_format::binary}) {
      co_await db.async_script("DROP TABLE ruled; CREATE TABLE ruled(x bigint PRIMARY KEY, t text)");
      std::vector<std::tuple<int, std::string>> records;
      for (int i = 0; i < 5000; ++i) records.emplace_back(i == 3210 ? 7 : i, "t");
      const std::vector<std::string> columns = {"x", "t"};
      const auto e = co_await failure_of([&] { return db.async_batch_insert("ruled", columns, records, format); });
      EXPECT_EQ(e.cause(), errc::constraint) << e.what();
      EXPECT_EQ(e.row(), 3210U) << e.what();
      const auto rows = co_await db.async_query("SELECT * FROM ruled");
      EXPECT_TRUE(rows.empty());
    }
  });
}

TEST(postgres_copy, takes_bytes_cut_anywhere) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("pieces");
    // [copy]
    const std::vector<std::string> columns = {"x", "t"};
    auto copy = co_await db.async_copy_in("pieces", columns);
    co_await copy.async_write("1\tone\n2\tt");
    co_await copy.async_write("wo\n");
    const std::int64_t copied = co_await copy.async_finish();
    // [/copy]
    EXPECT_EQ(copied, 2);
    const auto rows = co_await db.async_query("SELECT t FROM pieces ORDER BY x");
    EXPECT_EQ(rows.at(1).get<std::string>(0), "two");
    const auto ended = co_await failure_of([&] { return copy.async_write("3\tx\n"); });
    EXPECT_EQ(ended.cause(), errc::misuse);
  });
}

TEST(postgres_copy, given_up_keeps_nothing_and_frees_the_connection) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("given_up");
    const std::vector<std::string> columns = {"x"};
    auto copy = co_await db.async_copy_in("given_up", columns);
    co_await copy.async_write("1\n2\n");
    const auto within_copy = co_await failure_of([&] { return db.async_query("SELECT 1"); });
    EXPECT_EQ(within_copy.cause(), errc::misuse);
    co_await copy.async_abort();
    const auto rows = co_await db.async_query("SELECT * FROM given_up");
    EXPECT_TRUE(rows.empty());
  });
}

TEST(postgres_copy, forgotten_halfway_keeps_nothing) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("halfway");
    {
      const std::vector<std::string> columns = {"x"};
      auto copy = co_await db.async_copy_in("halfway", columns);
      co_await copy.async_write("1\n2\n");
    }
    EXPECT_FALSE(db.is_open());
    const auto n = co_await rows_of("halfway");
    EXPECT_EQ(n, 0);
  });
}

TEST(postgres_copy, whose_connection_the_server_ends_fails_and_keeps_nothing) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("ended");
    const int pid = db.backend_pid();
    const std::vector<std::string> columns = {"x"};
    auto copy = co_await db.async_copy_in("ended", columns);
    co_await copy.async_write("1\n2\n");
    const auto done = co_await ask("SELECT pg_terminate_backend($1, 10000)::int", params(pid));
    EXPECT_EQ(done, 1);
    const auto e = co_await failure_of([&]() -> asio::awaitable<void> {
      co_await copy.async_write("3\n");
      co_await copy.async_finish();
    });
    EXPECT_EQ(e.cause(), errc::connection_lost) << e.what();
    const auto n = co_await rows_of("ended");
    EXPECT_EQ(n, 0);
  });
}

TEST(postgres_copy, cut_short_by_a_deadline_lets_go_at_once) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("blocked");
    auto owner = co_await connection::async_connect(shared_server().conninfo());
    const int pid = db.backend_pid();
    const std::vector<std::string> columns = {"x"};
    auto copy = co_await db.async_copy_in("blocked", columns);
    // The key that the COPY wants to write is being written by somebody else: it waits, and reads no further.
    co_await owner.async_script("BEGIN; INSERT INTO blocked VALUES (1)");
    std::string rows;
    for (int i = 1; i < 1'000'000; ++i) rows += std::to_string(i) + '\n';
    const auto e = co_await failure_of([&] { return copy.async_write(rows, within(200ms)); });
    EXPECT_EQ(e.cause(), errc::timed_out) << e.what();
    const bool gone =
        co_await comes_true("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " + std::to_string(pid) + ")");
    EXPECT_TRUE(gone);
    co_await owner.async_script("ROLLBACK");
    const auto n = co_await rows_of("blocked");
    EXPECT_EQ(n, 0);
  });
}

TEST(postgres_transaction, commits_together_with_a_last_statement_or_undoes_both) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("noted");
    co_await db.async_script("DROP TABLE IF EXISTS notes; CREATE TABLE notes(rows int CHECK (rows < 3))");
    const postgres::statement note("note", "INSERT INTO notes VALUES ($1)");
    const std::vector<std::string> columns = {"x"};
    for (const int rows : {1, 2, 3}) {
      auto copy = co_await db.async_begin_copy_in("noted", columns);
      const std::string bytes = std::to_string(rows) + '\n';
      co_await copy.rows.async_write(bytes);
      co_await copy.rows.async_finish();
      if (rows < 3) {
        co_await copy.begun.async_commit_with(note, params(rows));
      } else {
        const auto e = co_await failure_of([&] { return copy.begun.async_commit_with(note, params(rows)); });
        EXPECT_EQ(e.cause(), errc::constraint) << e.what();
      }
      EXPECT_TRUE(db.is_open());
      EXPECT_FALSE(db.in_transaction());
    }
    const auto kept = co_await rows_of("noted");
    EXPECT_EQ(kept, 2);
    const auto noted = co_await rows_of("notes");
    EXPECT_EQ(noted, 2);
    const auto e = co_await failure_of([&] { return db.async_begin_copy_in("absent", columns); });
    EXPECT_EQ(e.cause(), errc::schema);
    EXPECT_FALSE(db.in_transaction());
    const auto rows = co_await db.async_query("SELECT 1");
    EXPECT_EQ(rows.size(), 1U);
  });
}

TEST(postgres_pipeline, executes_many_and_an_error_spoils_only_its_own) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("piped");
    // [pipeline]
    const postgres::statement upsert("upsert",
                                     "INSERT INTO piped VALUES ($1, $2) ON CONFLICT (x) DO UPDATE SET t = $2");
    std::vector<params> sets;
    for (int i = 0; i < 2000; ++i) sets.push_back(params(i % 1000, i == 1500 ? "a\\b" : "t" + std::to_string(i)));
    const auto results = co_await db.async_pipeline(upsert, std::move(sets), pipeline_mode::each);
    // [/pipeline]
    EXPECT_EQ(results.size(), 2000U);
    for (const auto& r : results) EXPECT_TRUE(r.ok() && r.rows == 1);
    std::vector<params> some_bad;
    for (int i = 0; i < 1000; ++i) some_bad.push_back(params(i % 100 == 7 ? "no number" : std::to_string(i), "new"));
    const auto mixed = co_await db.async_pipeline(upsert, std::move(some_bad), pipeline_mode::each);
    for (std::size_t i = 0; i < mixed.size(); ++i) {
      EXPECT_EQ(mixed[i].ok(), i % 100 != 7) << i;
      EXPECT_TRUE(mixed[i].ok() || mixed[i].failed->cause() == errc::bad_value) << i;
    }
    const auto rows = co_await db.async_query("SELECT count(*) FROM piped WHERE t = 'new'");
    EXPECT_EQ(rows.at(0).get<int>(0), 990);
    EXPECT_TRUE(db.is_open());
  });
}

TEST(postgres_pipeline, of_all_or_none_undoes_all_when_one_fails) {
  on_io([]() -> asio::awaitable<void> {
    auto db = co_await with_table("all_or_none");
    std::vector<params> sets;
    for (int i = 0; i < 1000; ++i) sets.push_back(params(i == 600 ? 5 : i));
    const auto results =
        co_await db.async_pipeline("INSERT INTO all_or_none VALUES ($1)", std::move(sets), pipeline_mode::all);
    for (const auto& r : results) EXPECT_EQ(r.failed->cause(), errc::constraint);
    EXPECT_EQ(results[600].failed->sqlstate(), "23505");
    const auto n = co_await rows_of("all_or_none");
    EXPECT_EQ(n, 0);
    std::vector<params> good;
    for (int i = 0; i < 1000; ++i) good.push_back(params(i));
    const auto kept =
        co_await db.async_pipeline("INSERT INTO all_or_none VALUES ($1)", std::move(good), pipeline_mode::all);
    EXPECT_TRUE(kept.back().ok());
    const auto now = co_await rows_of("all_or_none");
    EXPECT_EQ(now, 1000);
    const auto none = co_await db.async_pipeline("SELECT 1", {}, pipeline_mode::all);
    EXPECT_TRUE(none.empty());
  });
}
