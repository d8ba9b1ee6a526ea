#include "sqlite_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <stop_token>
#include <string_view>
#include <utility>

#include "exit_code.hpp"
#include "page.hpp"

namespace load {

namespace sqlite = penstock::sqlite;

namespace {

// A load writes each page once and reads none back; the log is moved into the file often enough to keep both small.
sqlite::open_options open_options(const options& how, penstock::stop_token patience) {
  return {.busy_timeout = how.lock_timeout, .stop = std::move(patience), .cache_bytes = std::size_t{8} << 20};
}

bool same_name(const std::string& a, const std::string& b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

// The names of inputs may be long, and SQLite writes a row as a whole, so what changes with each batch is a table of
// its own.
constexpr const char* make_progress_tables =
    "CREATE TABLE IF NOT EXISTS main.penstock_loads (id INTEGER PRIMARY KEY, target TEXT NOT NULL COLLATE NOCASE, "
    "inputs TEXT NOT NULL, contents TEXT NOT NULL); "
    "CREATE TABLE IF NOT EXISTS main.penstock_progress (load INTEGER PRIMARY KEY, state TEXT NOT NULL, "
    "source INTEGER NOT NULL, \"offset\" INTEGER NOT NULL, line INTEGER NOT NULL, record INTEGER NOT NULL, "
    "digest INTEGER NOT NULL, done_source INTEGER NOT NULL, done_line INTEGER NOT NULL, inserted INTEGER NOT NULL, "
    "rejected INTEGER NOT NULL, rejects TEXT NOT NULL, rejects_bytes INTEGER NOT NULL, rejects_digest INTEGER NOT "
    "NULL)";

constexpr std::pair<load_state, std::string_view> states[] = {
    {load_state::loading, "loading"}, {load_state::stopped, "stopped"}, {load_state::loaded, "loaded"}};

std::string_view word_of(load_state state) {
  return std::ranges::find(states, state, &std::pair<load_state, std::string_view>::first)->second;
}

// The database counts in signed numbers of 64 bits; a digest uses all of them.
std::int64_t number_of(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }

checkpoint checkpoint_of(const std::vector<sqlite::value>& row) {
  const auto text = [&](std::size_t i) { return std::get<std::string>(row[i]); };
  const auto number = [&](std::size_t i) { return std::bit_cast<std::uint64_t>(std::get<std::int64_t>(row[i])); };
  checkpoint c;
  c.id = std::get<std::int64_t>(row[0]);
  c.inputs = text(1);
  c.contents = text(2);
  for (const auto& [state, word] : states)
    if (word == text(3)) c.state = state;
  std::size_t i = 4;
  for (auto* field :
       {&c.source, &c.offset, &c.line, &c.record, &c.digest, &c.done_source, &c.done_line, &c.inserted, &c.rejected})
    *field = number(i++);
  c.rejects = text(i++);
  c.rejects_bytes = number(i++);
  c.rejects_digest = number(i);
  return c;
}

// What the connector throws, in the words of a destination.
template <class F>
auto in_our_words(F&& call) {
  try {
    return call();
  } catch (const sqlite::error& e) {
    if (e.cause() == sqlite::errc::cancelled) throw gave_up_waiting(e.what());
    if (e.row()) throw row_refused(*e.row(), e.what());
    throw;
  }
}

}  // namespace

sqlite_destination::sqlite_destination(const options& how) : how_(how) {
  std::error_code ignored;
  if (std::filesystem::exists(how_.database, ignored)) open();
}

void sqlite_destination::open() {
  insert_.reset();
  database_.emplace(how_.database, open_options(how_, patience_.token()));
  insert_.emplace(
      *database_, how_.table,
      sqlite::insert_options{.on_bad_row = how_.on_bad_row == bad_row_choice::reject ? sqlite::bad_row_policy::collect
                                                                                     : sqlite::bad_row_policy::fail});
}

load_history sqlite_destination::history() {
  return in_our_words([&]() -> load_history {
    if (!database_ || sqlite::table_columns(*database_, "penstock_loads").empty() ||
        sqlite::table_columns(*database_, "penstock_progress").empty())
      return {};
    load_history found;
    const auto rows = database_->query(
        "SELECT id, inputs, contents, state, source, \"offset\", line, record, digest, done_source, done_line, "
        "inserted, "
        "rejected, rejects, rejects_bytes, rejects_digest FROM main.penstock_loads JOIN main.penstock_progress "
        "ON load = id WHERE target = ? ORDER BY id",
        how_.table);
    for (const auto& row : rows.rows) found.loads.push_back(checkpoint_of(row));
    if (!found.loads.empty()) latest_known_ = found.loads.back().id;
    if (sqlite::table_columns(*database_, how_.table).empty()) return {};
    const auto some =
        database_->query("SELECT EXISTS (SELECT 1 FROM main." + sqlite::quote_identifier(how_.table) + ")");
    found.table_is_empty = std::get<std::int64_t>(some.rows.at(0).at(0)) == 0;
    return found;
  });
}

std::optional<layout> sqlite_destination::prepare(layout wanted, match how_strict, const std::string& file,
                                                  checkpoint& as_recorded, const penstock::stop_token& stop) {
  std::optional<layout> prepared;
  try {
    const std::stop_callback on_stop(stop.std_token(), [this] { give_up_waiting(); });
    if (!database_) open();
    prepared = made_or_fitting(std::move(wanted), how_strict, file, as_recorded);
  } catch (const sqlite::error& e) {
    if (e.cause() != sqlite::errc::cancelled) throw;
    return std::nullopt;
  }
  if (stop.stop_requested()) {  // and there was no wait to be ended: what was read is yet to be committed, with
                                // patience
    patience_ = {};
    open();
  }
  return prepared;
}

layout sqlite_destination::made_or_fitting(layout wanted, match how_strict, const std::string& file,
                                           checkpoint& as_recorded) {
  auto existing = sqlite::table_columns(*database_, how_.table);
  if (!existing.empty()) wanted = fit(existing, wanted, how_strict, file);
  if (existing.empty() || as_recorded.id == 0) {
    sqlite::transaction alone(*database_);  // another load may be about to make the same table
    if (existing.empty()) {
      existing = sqlite::table_columns(*database_, how_.table);
      if (existing.empty()) {
        sqlite::create_table(*database_, how_.table, declared(wanted));
      } else {
        wanted = fit(existing, wanted, how_strict, file);
      }
    }
    if (as_recorded.id == 0) begin_record(as_recorded);
    alone.commit();
  }
  return wanted;
}

layout sqlite_destination::fit(const std::vector<sqlite::column>& existing, const layout& wanted, match how_strict,
                               const std::string& file) const {
  const auto refuse = [&](const std::string& difference) {
    throw failure(exit_code::other_columns, fmt::format("{}: table {} {}", database_->path().string(),
                                                        sqlite::quote_identifier(how_.table), difference));
  };
  if (how_strict == match::in_order) {
    for (std::size_t i = 0; i < std::min(existing.size(), wanted.names.size()); ++i)
      if (!same_name(existing[i].name, wanted.names[i]))
        refuse(
            fmt::format("names its column {} '{}', where {} has '{}'", i + 1, existing[i].name, file, wanted.names[i]));
    if (existing.size() != wanted.names.size())
      refuse(fmt::format("has {} columns, where {} has {}", existing.size(), file, wanted.names.size()));
  } else {
    for (const auto& key : wanted.names)
      if (std::ranges::find(existing, key, &sqlite::column::name) == existing.end())
        refuse(fmt::format("has no column '{}', which is a key in {}", key, file));
  }
  std::vector<std::string> names;
  std::vector<storing> as;
  for (const auto& column : existing) {
    names.push_back(column.name);
    as.push_back(stored_in(column, how_.types));
  }
  return {std::move(names), std::move(as)};
}

void sqlite_destination::insert(const page& rows, const checkpoint& last, const page_end& at_end) {
  in_our_words([&] {
    insert_->insert(rows, [&](std::span<const sqlite::bad_row> bad) {
      std::vector<refused_row> refused;
      for (const auto& row : bad) refused.push_back({row.row, row.reason});
      update_record(last, at_end(refused));
    });
  });
}

void sqlite_destination::record(const checkpoint& last, const checkpoint& now) {
  in_our_words([&] {
    sqlite::transaction alone(*database_);
    update_record(last, now);
    database_->execute("UPDATE main.penstock_loads SET inputs = ?, contents = ? WHERE id = ?", now.inputs, now.contents,
                       now.id);
    alone.commit();
  });
}

void sqlite_destination::begin_record(checkpoint& first) {
  database_->execute(make_progress_tables);
  // Between our look at the history and this lock another program may have begun the same load.
  const auto newer =
      database_->query("SELECT 1 FROM main.penstock_loads WHERE target = ? AND inputs = ? AND id > ? LIMIT 1",
                       how_.table, first.inputs, latest_known_);
  if (!newer.rows.empty() && how_.resume != resume_choice::fresh)
    throw failure(
        exit_code::database_locked,
        fmt::format("{}: another program has begun the same load into table {}; --fresh loads the inputs once "
                    "more",
                    name(), sqlite::quote_identifier(how_.table)));
  database_->execute("INSERT INTO main.penstock_loads (target, inputs, contents) VALUES (?, ?, ?)", how_.table,
                     first.inputs, first.contents);
  first.id = std::get<std::int64_t>(database_->query("SELECT last_insert_rowid()").rows.at(0).at(0));
  database_->execute("INSERT OR REPLACE INTO main.penstock_progress VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     first.id, word_of(first.state), number_of(first.source), number_of(first.offset),
                     number_of(first.line), number_of(first.record), number_of(first.digest),
                     number_of(first.done_source), number_of(first.done_line), number_of(first.inserted),
                     number_of(first.rejected), first.rejects, number_of(first.rejects_bytes),
                     number_of(first.rejects_digest));
}

void sqlite_destination::update_record(const checkpoint& last, const checkpoint& now) {
  const auto changed = database_->execute(
      "UPDATE main.penstock_progress SET state = ?, source = ?, \"offset\" = ?, line = ?, record = ?, digest = ?, "
      "done_source = ?, done_line = ?, inserted = ?, rejected = ?, rejects = ?, rejects_bytes = ?, rejects_digest = ? "
      "WHERE load = ? AND source = ? AND \"offset\" = ? AND done_line = ?",
      word_of(now.state), number_of(now.source), number_of(now.offset), number_of(now.line), number_of(now.record),
      number_of(now.digest), number_of(now.done_source), number_of(now.done_line), number_of(now.inserted),
      number_of(now.rejected), now.rejects, number_of(now.rejects_bytes), number_of(now.rejects_digest), last.id,
      number_of(last.source), number_of(last.offset), number_of(last.done_line));
  if (changed != 1)
    throw failure(exit_code::database_locked,
                  fmt::format("{}: another program goes on with the same load into table {}", name(),
                              sqlite::quote_identifier(how_.table)));
}

}  // namespace load
