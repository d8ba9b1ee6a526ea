#include "sqlite_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
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

// Of the loads of one list of inputs into one table only the latest counts.
constexpr const char* files_in_use =
    "SELECT rejects FROM main.penstock_loads JOIN main.penstock_progress ON load = id WHERE state <> 'loaded' AND "
    "rejects_digest <> 0 AND NOT (target = ? AND inputs = ?) AND id <> ? AND id IN (SELECT max(id) FROM "
    "main.penstock_loads GROUP BY target, inputs)";

checkpoint checkpoint_of(const std::vector<sqlite::value>& row) {
  const auto text = [&](std::size_t i) { return std::get<std::string>(row[i]); };
  checkpoint c;
  c.id = std::get<std::int64_t>(row[0]);
  c.inputs = text(1);
  c.contents = text(2);
  c.state = state_of(text(3));
  c.rejects = text(4);
  std::size_t i = 5;
  for (const auto& number : progress_numbers) c.*number.value = as_unsigned(std::get<std::int64_t>(row[i++]));
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

load_history sqlite_destination::history(const std::string& /*inputs*/) {
  return in_our_words([&]() -> load_history {
    if (!keeps_progress()) return {};
    load_history found;
    const auto rows = database_->query(
        fmt::format("SELECT id, inputs, contents, {} FROM main.penstock_loads JOIN main.penstock_progress ON load = id "
                    "WHERE target = ? ORDER BY id",
                    progress_columns()),
        how_.table);
    for (const auto& row : rows.rows) found.loads.push_back(checkpoint_of(row));
    if (!found.loads.empty()) latest_known_ = found.loads.back().id;
    if (sqlite::table_columns(*database_, how_.table).empty()) {
      found.loads.clear();
      return found;
    }
    const auto some =
        database_->query("SELECT EXISTS (SELECT 1 FROM main." + sqlite::quote_identifier(how_.table) + ")");
    found.table_is_empty = std::get<std::int64_t>(some.rows.at(0).at(0)) == 0;
    return found;
  });
}

std::vector<std::string> sqlite_destination::rejects_in_use(const checkpoint& mine) {
  return in_our_words([&]() -> std::vector<std::string> {
    if (!keeps_progress()) return {};
    const auto found = database_->query(files_in_use, how_.table, mine.inputs, mine.id);
    std::vector<std::string> files;
    files.reserve(found.rows.size());
    for (const auto& row : found.rows) files.push_back(std::get<std::string>(row.at(0)));
    return files;
  });
}

bool sqlite_destination::keeps_progress() {
  return database_ && !sqlite::table_columns(*database_, "penstock_loads").empty() &&
         !sqlite::table_columns(*database_, "penstock_progress").empty();
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
  database_->execute(progress_tables("INTEGER PRIMARY KEY", "TEXT COLLATE NOCASE", "INTEGER"));
  // Between our look at the history and this lock another program may have begun the same load.
  const auto newer =
      database_->query("SELECT 1 FROM main.penstock_loads WHERE target = ? AND inputs = ? AND id > ? LIMIT 1",
                       how_.table, first.inputs, latest_known_);
  if (!newer.rows.empty() && how_.resume != resume_choice::fresh)
    throw begun_by_another(name(), sqlite::quote_identifier(how_.table));
  database_->execute("INSERT INTO main.penstock_loads (target, inputs, contents) VALUES (?, ?, ?)", how_.table,
                     first.inputs, first.contents);
  first.id = std::get<std::int64_t>(database_->query("SELECT last_insert_rowid()").rows.at(0).at(0));
  database_->execute(
      fmt::format(
          "INSERT OR REPLACE INTO main.penstock_progress (load, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          progress_columns()),
      first.id, word_of(first.state), first.rejects, as_signed(first.source), as_signed(first.offset),
      as_signed(first.line), as_signed(first.record), as_signed(first.digest), as_signed(first.inserted),
      as_signed(first.rejected), as_signed(first.rejects_bytes), as_signed(first.rejects_digest),
      as_signed(first.owner));
}

void sqlite_destination::update_record(const checkpoint& last, const checkpoint& now) {
  static const std::string update = fmt::format(
      "UPDATE main.penstock_progress SET ({}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE load = ? AND "
      "owner = ? AND source = ? AND \"offset\" = ?",
      progress_columns());
  const auto changed = database_->execute(
      update, word_of(now.state), now.rejects, as_signed(now.source), as_signed(now.offset), as_signed(now.line),
      as_signed(now.record), as_signed(now.digest), as_signed(now.inserted), as_signed(now.rejected),
      as_signed(now.rejects_bytes), as_signed(now.rejects_digest), as_signed(now.owner), last.id, as_signed(last.owner),
      as_signed(last.source), as_signed(last.offset));
  if (changed != 1) throw taken_by_another(name(), sqlite::quote_identifier(how_.table));
}

}  // namespace load
