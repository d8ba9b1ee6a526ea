#include "postgres_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <stop_token>
#include <string_view>
#include <utility>

#include "exit_code.hpp"
#include "page.hpp"

namespace asio = boost::asio;

namespace load {

namespace postgres = penstock::postgres;

namespace {

// In the order of `progress_columns`.
void add_values(postgres::params& to, const checkpoint& c) {
  to.add(word_of(c.state));
  to.add(c.rejects);
  for (const auto& number : progress_numbers) to.add(as_signed(c.*number.value));
}

// "$3, $4": so many parameters from this one on.
std::string parameters(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}${}", i == 0 ? "" : ", ", first + i);
  return list;
}
constexpr std::size_t progress_values = 2 + std::size(progress_numbers);

checkpoint checkpoint_of(const postgres::row_view& row) {
  checkpoint c;
  c.id = row.get<std::int64_t>(0);
  c.inputs = row.get<std::string>(1);
  c.contents = row.get<std::string>(2);
  c.state = state_of(row.get<std::string_view>(3));
  c.rejects = row.get<std::string>(4);
  std::size_t i = 5;
  for (const auto& number : progress_numbers) c.*number.value = as_unsigned(row.get<std::int64_t>(i++));
  return c;
}

// Of the loads of one list of inputs into one table only the latest counts.
constexpr const char* files_in_use =
    "SELECT rejects FROM penstock_loads JOIN penstock_progress ON load = id WHERE state <> 'loaded' AND rejects_digest "
    "<> 0 AND NOT (target = $1 AND inputs = $2) AND id <> $3 AND id IN (SELECT max(id) FROM penstock_loads GROUP BY "
    "target, inputs)";

// Whether the row is to blame, not the connection or the table.
bool blames_a_row(const postgres::error& e) {
  return e.cause() == postgres::errc::constraint || e.cause() == postgres::errc::bad_value ||
         e.sqlstate() == "P0001";  // raised by a trigger
}

// Whether it is said to the user, not met with another attempt.
bool ends_the_load(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const failure&) {
    return true;
  } catch (const postgres::error& e) {
    return !blames_a_row(e);
  } catch (...) {
    return false;
  }
}

// Thrown where the table left out a row of several; which one is found as a bad row is.
struct left_out : std::runtime_error {
  left_out() : std::runtime_error("a trigger of the table leaves it out") {}
};

// A decimal that numeric keeps as it is written: it would make 7 of 007, 100000 of 1e5 and 0 of -0.
bool is_plain_decimal(std::string_view text) noexcept {
  const auto digits = [&] {
    std::size_t n = 0;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
    return n;
  };
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  text.remove_prefix(whole);
  if (text.empty()) return !(negative && leading_zero);
  if (text.front() != '.') return false;
  text.remove_prefix(1);
  const std::size_t fraction = digits();
  return fraction > 0 && fraction == text.size() &&
         !(negative && leading_zero && text.find_first_not_of('0') == std::string_view::npos);
}

// What a page has for a cell: text, or nothing. Its columns are all stored as text, so there is no other kind.
std::optional<std::string_view> text_of(const page& rows, std::size_t row, std::size_t column) {
  const auto cell = rows.cell(row, column);
  if (cell.is_null()) return {};
  return cell.bytes();
}

// What the connector throws, in the words of a destination.
template <class F>
auto in_our_words(F&& call) {
  try {
    return call();
  } catch (const postgres::error& e) {
    if (e.cause() == postgres::errc::cancelled && e.sqlstate().empty()) throw gave_up_waiting(e.what());
    throw;
  }
}

}  // namespace

// Runs a coroutine to its end on the calling thread, which may wait.
template <class Coroutine>
auto postgres_destination::await(Coroutine&& body) {
  using result = typename std::invoke_result_t<Coroutine&>::value_type;
  std::exception_ptr failed;
  io_.restart();
  if constexpr (std::is_void_v<result>) {
    asio::co_spawn(io_, body(), [&](std::exception_ptr e) { failed = std::move(e); });
    io_.run();
    if (failed) std::rethrow_exception(failed);
  } else {
    std::optional<result> made;
    const auto keep = [&]() -> asio::awaitable<void> {
      result one = co_await body();
      made.emplace(std::move(one));
    };
    asio::co_spawn(io_, keep(), [&](std::exception_ptr e) { failed = std::move(e); });
    io_.run();
    if (failed) std::rethrow_exception(failed);
    return std::move(*made);
  }
}

template <class Body>
void postgres_destination::in_transaction(Body&& body) {
  auto begun = await([&] { return database_->async_begin(limits()); });
  std::exception_ptr failed;
  try {
    body();
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) await([&] { return undo(begun, failed); });
  await([&] { return begun.async_commit(limits()); });
}

// Throws `why`, or that there is no going on after it: a connection that is closed has undone everything too.
asio::awaitable<void> postgres_destination::undo(postgres::transaction& begun, std::exception_ptr why) {
  try {
    if (database_->in_transaction()) co_await begun.async_rollback(limits());
    if (!database_->is_open())
      throw postgres::error(postgres::errc::connection_lost, name_ + ": the connection ended while a page was undone");
  } catch (const postgres::error&) {
    if (!ends_the_load(why)) throw;
  }
  std::rethrow_exception(why);
}

postgres_destination::postgres_destination(const options& how) : how_(how) {
  in_our_words([&] {
    await([&]() -> asio::awaitable<void> {
      penstock::wait_limits within = limits();
      within.until = penstock::after(penstock::clock::now(), std::chrono::seconds(30));
      database_.emplace(co_await postgres::connection::async_connect(how_.server, within));
      // To the server 0 is for ever.
      const auto wait = std::max(how_.lock_timeout, std::chrono::milliseconds(1));
      const postgres::params timeout(std::to_string(wait.count()) + "ms");
      co_await database_->async_query("SELECT set_config('lock_timeout', $1, false)", timeout, limits());
      const auto rows = co_await database_->async_query(
          "SELECT coalesce(host(inet_server_addr()), 'local') || '/' || current_database()", {}, limits());
      name_ = "postgres:" + rows.at(0).get<std::string>(0);
    });
  });
}

postgres_destination::~postgres_destination() { close(); }

void postgres_destination::close() {
  if (database_) database_->close();
}

std::vector<postgres_destination::column> postgres_destination::columns_of(const std::string& table) {
  const auto found = ask(
      "SELECT attname, atttypid::regtype::text AS type, atttypmod FROM pg_attribute WHERE attrelid = to_regclass($1) "
      "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum",
      postgres::params(postgres::quote_identifier(table)));
  std::vector<column> columns;
  for (const auto row : found) {
    const auto type = row.get<std::string_view>("type");
    columns.push_back({row.get<std::string>("attname"), type == "text" || type == "character varying",
                       type == "numeric" && row.get<int>("atttypmod") == -1});
  }
  return columns;
}

load_history postgres_destination::history(const std::string& inputs) {
  return in_our_words([&]() -> load_history {
    // What is left of a run of this load that was killed may be about to commit: it is waited for, as is another run.
    // The lock goes with the connection.
    try {
      ask("SELECT pg_advisory_lock(hashtextextended('penstock-load' || $1, 0))",
          postgres::params(how_.table + '\n' + inputs));
    } catch (const postgres::error& e) {
      if (e.cause() != postgres::errc::busy) throw;
      throw failure(exit_code::database_locked, fmt::format("{}: another run of this load into table {} is at work",
                                                            name_, postgres::quote_identifier(how_.table)));
    }
    if (columns_of("penstock_progress").empty()) return {};
    load_history found;
    const auto rows =
        ask(fmt::format("SELECT id, inputs, contents, {} FROM penstock_loads JOIN penstock_progress ON load = id WHERE "
                        "target = $1 ORDER BY id",
                        progress_columns()),
            postgres::params(how_.table));
    for (const auto row : rows) found.loads.push_back(checkpoint_of(row));
    if (!found.loads.empty()) latest_known_ = found.loads.back().id;
    if (columns_of(how_.table).empty()) {
      found.loads.clear();
      return found;
    }
    const auto some = ask(fmt::format("SELECT EXISTS (SELECT FROM {})", postgres::quote_identifier(how_.table)));
    found.table_is_empty = !some.at(0).get<bool>(0);
    return found;
  });
}

std::vector<std::string> postgres_destination::rejects_in_use(const checkpoint& mine) {
  return in_our_words([&]() -> std::vector<std::string> {
    if (columns_of("penstock_progress").empty()) return {};
    const auto found = ask(files_in_use, postgres::params(how_.table, mine.inputs, mine.id));
    std::vector<std::string> files;
    files.reserve(found.size());
    for (const auto row : found) files.push_back(row.get<std::string>(0));
    return files;
  });
}

std::optional<layout> postgres_destination::prepare(layout wanted, match how_strict, const std::string& file,
                                                    checkpoint& as_recorded, const penstock::stop_token& stop) {
  std::optional<layout> prepared;
  try {
    const std::stop_callback on_stop(stop.std_token(), [this] { give_up_waiting(); });
    prepared = made_or_fitting(wanted, how_strict, file, as_recorded);
    get_ready();
  } catch (const postgres::error& e) {
    if (e.cause() != postgres::errc::cancelled || !e.sqlstate().empty()) throw;
    return std::nullopt;
  }
  // There was no wait to be ended: what was read is yet to be committed, with patience.
  if (stop.stop_requested()) patience_ = {};
  return prepared;
}

layout postgres_destination::made_or_fitting(const layout& wanted, match how_strict, const std::string& file,
                                             checkpoint& as_recorded) {
  columns_ = columns_of(how_.table);
  if (!columns_.empty() && as_recorded.id != 0) return fit(columns_, wanted, how_strict, file);
  std::optional<layout> fitting;
  in_transaction([&] {
    // Another load may be about to make the same tables.
    ask("SELECT pg_advisory_xact_lock(hashtextextended('penstock-load tables', 0))");
    if (columns_of(how_.table).empty()) create_table(wanted, how_strict);
    columns_ = columns_of(how_.table);
    fitting = fit(columns_, wanted, how_strict, file);  // or nothing was made
    if (as_recorded.id == 0) begin_record(as_recorded);
  });
  return std::move(*fitting);
}

void postgres_destination::begin_record(checkpoint& first) {
  // Whoever may use them need not be allowed to make them.
  if (columns_of("penstock_loads").empty() || columns_of("penstock_progress").empty()) {
    const std::string make = progress_tables("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "text", "bigint");
    await([&] { return database_->async_script(make, limits()); });
  }
  const auto newer = ask("SELECT FROM penstock_loads WHERE target = $1 AND inputs = $2 AND id > $3 LIMIT 1",
                         postgres::params(how_.table, first.inputs, latest_known_));
  if (!newer.empty() && how_.resume != resume_choice::fresh)
    throw begun_by_another(name_, postgres::quote_identifier(how_.table));
  const auto made = ask("INSERT INTO penstock_loads (target, inputs, contents) VALUES ($1, $2, $3) RETURNING id",
                        postgres::params(how_.table, first.inputs, first.contents));
  first.id = made.at(0).get<std::int64_t>(0);
  postgres::params values(first.id);
  add_values(values, first);
  ask(fmt::format("INSERT INTO penstock_progress (load, {}) VALUES ({})", progress_columns(),
                  parameters(1, 1 + progress_values)),
      values);
}

postgres::rows postgres_destination::ask(const std::string& sql, const postgres::params& values) {
  return await([&] { return database_->async_query(sql, values, limits()); });
}

void postgres_destination::create_table(const layout& wanted, match how_strict) {
  require_key(wanted.names);
  std::string columns;
  for (std::size_t i = 0; i < wanted.names.size(); ++i) {
    if (wanted.names[i].size() > 63)
      throw failure(exit_code::other_columns, fmt::format("{}: the name of column {} is longer than PostgreSQL's 63 "
                                                          "bytes; a table made by hand can name it otherwise",
                                                          name_, i + 1));
    // Values of NDJSON bring their kind along, and may be of several in one column: only text takes them all.
    const bool number = wanted.as[i] == storing::typed && how_strict == match::in_order;
    columns += fmt::format("{}{} {}", i == 0 ? "" : ", ", postgres::quote_identifier(wanted.names[i]),
                           number ? "numeric" : "text");
  }
  std::string key;
  if (how_.on_conflict != conflict_choice::fail)
    key = fmt::format(", UNIQUE ({})", postgres::quote_identifiers(how_.key));
  await([&] {
    return database_->async_script(
        fmt::format("CREATE TABLE {} ({}{})", postgres::quote_identifier(how_.table), columns, key), limits());
  });
}

void postgres_destination::require_key(const std::vector<std::string>& names) const {
  for (const auto& key : how_.key)
    if (std::ranges::find(names, key) == names.end())
      throw failure(exit_code::usage, fmt::format("--key: the table has no column '{}'", key));
}

layout postgres_destination::fit(const std::vector<column>& existing, const layout& wanted, match how_strict,
                                 const std::string& file) const {
  const auto refuse = [&](const std::string& difference) {
    throw failure(exit_code::other_columns,
                  fmt::format("{}: table {} {}", name_, postgres::quote_identifier(how_.table), difference));
  };
  if (how_strict == match::in_order) {
    for (std::size_t i = 0; i < std::min(existing.size(), wanted.names.size()); ++i)
      if (existing[i].name != wanted.names[i])
        refuse(
            fmt::format("names its column {} '{}', where {} has '{}'", i + 1, existing[i].name, file, wanted.names[i]));
    if (existing.size() != wanted.names.size())
      refuse(fmt::format("has {} columns, where {} has {}", existing.size(), file, wanted.names.size()));
  } else {
    for (const auto& key : wanted.names)
      if (std::ranges::find(existing, key, &column::name) == existing.end())
        refuse(fmt::format("has no column '{}', which is a key in {}", key, file));
  }
  std::vector<std::string> names;
  names.reserve(existing.size());
  for (const auto& each : existing) names.push_back(each.name);
  require_key(names);
  std::vector as(names.size(), storing::text);
  return {std::move(names), std::move(as)};
}

// What stays the same for every page.
void postgres_destination::get_ready() {
  for (const auto& each : columns_) names_.push_back(each.name);
  // A server that crashes may forget the last batches, whole, with their progress: another run loads them again.
  // `record` at the end waits until all is on the disk.
  await([&] { return database_->async_script("SET synchronous_commit = off", limits()); });
  const auto deferred = ask("SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tginitdeferred)",
                            postgres::params(postgres::quote_identifier(how_.table)));
  checks_at_commit_ = deferred.at(0).get<bool>(0);
  if (how_.on_conflict == conflict_choice::fail) return;
  incoming_ = "penstock_incoming";
  std::string updates;
  for (const auto& each : columns_) {
    if (std::ranges::find(how_.key, each.name) != how_.key.end()) continue;
    const auto quoted = postgres::quote_identifier(each.name);
    updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", quoted, quoted);
  }
  const auto all = postgres::quote_identifiers(names_);
  const auto key = postgres::quote_identifiers(how_.key);
  std::string number = "penstock_row";  // of a row within the page
  while (std::ranges::find(names_, number) != names_.end()) number += '_';
  std::string no_key;
  for (const auto& each : how_.key)
    no_key += fmt::format("{}{} IS NULL", no_key.empty() ? "" : " OR ", postgres::quote_identifier(each));
  // Of rows with one key in a page the first is kept, or the last is what is updated to. A key with a null in it is
  // equal to no other.
  const auto apart = fmt::format("{}, CASE WHEN {} THEN {} END", key, no_key, number);
  const bool update = how_.on_conflict == conflict_choice::update && !updates.empty();
  move_rows_ = fmt::format(
      "INSERT INTO {} ({}) SELECT {} FROM (SELECT DISTINCT ON ({}) * FROM pg_temp.{} ORDER BY {}, {}{}) AS one "
      "ORDER BY {} ON CONFLICT ({}) DO {}",
      postgres::quote_identifier(how_.table), all, all, apart, incoming_, apart, number, update ? " DESC" : "", number,
      key, update ? "UPDATE SET " + updates : "NOTHING");
  // Only what is loaded: of any other column, an identity say, the table's own rules know what to do.
  const std::string make = fmt::format(
      "CREATE TEMP TABLE {0} ON COMMIT DELETE ROWS AS SELECT {1} FROM {2} WITH NO DATA; ALTER TABLE pg_temp.{0} ADD "
      "COLUMN {3} bigint GENERATED ALWAYS AS IDENTITY",
      incoming_, all, postgres::quote_identifier(how_.table), number);
  await([&] { return database_->async_script(make, limits()); });
}

// ---- a page ----

void postgres_destination::insert(const page& rows, const checkpoint& last, const page_end& at_end) {
  in_our_words([&] {
    if (how_.on_bad_row == bad_row_choice::fail) {
      for (std::size_t r = 0; r < rows.rows(); ++r)
        if (const auto why = why_unfit(rows, r)) throw row_refused(r, *why);
    }
    try {
      await([&] { return insert_all(rows, last, at_end); });
      return;
    } catch (const left_out&) {
    } catch (const postgres::error& e) {
      if (!blames_a_row(e)) throw;
    }
    in_transaction([&] {
      std::vector<refused_row> refused;
      copy_what_fits(rows, refused);
      if (how_.on_bad_row == bad_row_choice::fail && !refused.empty())
        throw row_refused(refused.front().row, refused.front().reason);
      update_record(last, at_end(refused));
    });
  });
}

// Three messages, and an answer to each: BEGIN with COPY; the rows; the progress row with COMMIT. Rows are sent while
// further ones are encoded.
asio::awaitable<void> postgres_destination::insert_all(const page& rows, const checkpoint& last,
                                                       const page_end& at_end) {
  constexpr std::size_t piece = std::size_t{1} << 16;
  std::vector<refused_row> unfit;
  checkpoint now;
  auto into = co_await database_->async_begin_copy_in(target(), names_, postgres::copy_format::text, limits());
  std::exception_ptr failed;
  try {
    postgres::copy_encoder encoder;
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      if (auto why = why_unfit(rows, r)) {
        unfit.push_back({r, std::move(*why)});
        continue;
      }
      encode_row(encoder, rows, r);
      if (encoder.bytes().size() < piece) continue;
      co_await into.rows.async_write(encoder.bytes(), limits());
      encoder.clear();
    }
    co_await into.rows.async_write(encoder.bytes(), limits());
    const auto copied = co_await into.rows.async_finish(limits());
    if (copied != static_cast<std::int64_t>(rows.rows() - unfit.size())) throw left_out();
    co_await move_incoming();
    co_await check_now();
    now = at_end(unfit);
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) co_await undo(into.begun, failed);
  const postgres::statement update = progress_update();
  const postgres::params values = values_of_update(last, now);
  try {
    co_await into.begun.async_commit_with(update, values, limits());
  } catch (const postgres::error& e) {
    refuse_another(e);
    throw;
  }
}

void postgres_destination::record(const checkpoint& last, const checkpoint& now) {
  in_our_words([&] {
    in_transaction([&] {
      await([&] { return database_->async_script("SET LOCAL synchronous_commit = on", limits()); });
      update_record(last, now);
      ask("UPDATE penstock_loads SET inputs = $1, contents = $2 WHERE id = $3",
          postgres::params(now.inputs, now.contents, now.id));
    });
  });
}

// Divides by zero where the row is not as we left it: so it can be sent together with the COMMIT that it must prevent.
postgres::statement postgres_destination::progress_update() {
  return {"penstock_progress",
          fmt::format("WITH changed AS (UPDATE penstock_progress SET ({}) = ({}) WHERE load = ${} AND owner = ${} AND "
                      "source = ${} AND \"offset\" = ${} RETURNING 1) SELECT 1 / count(*) FROM changed",
                      progress_columns(), parameters(1, progress_values), progress_values + 1, progress_values + 2,
                      progress_values + 3, progress_values + 4)};
}

postgres::params postgres_destination::values_of_update(const checkpoint& last, const checkpoint& now) {
  postgres::params values;
  add_values(values, now);
  for (const auto each : {last.id, as_signed(last.owner), as_signed(last.source), as_signed(last.offset)})
    values.add(each);
  return values;
}

void postgres_destination::refuse_another(const postgres::error& e) const {
  if (e.sqlstate() == "22012")  // division_by_zero
    throw taken_by_another(name_, postgres::quote_identifier(how_.table));
}

void postgres_destination::update_record(const checkpoint& last, const checkpoint& now) {
  const postgres::statement update = progress_update();
  const postgres::params values = values_of_update(last, now);
  try {
    await([&] { return database_->async_query(update, values, limits()); });
  } catch (const postgres::error& e) {
    refuse_another(e);
    throw;
  }
}

std::optional<std::string> postgres_destination::why_unfit(const page& rows, std::size_t row) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const auto text = text_of(rows, row, c);
    if (!text) continue;
    if (text->find('\0') != std::string_view::npos)
      return fmt::format("column '{}' holds a NUL byte, which PostgreSQL cannot store", columns_[c].name);
    if (columns_[c].is_decimal && !text->empty() && !is_plain_decimal(*text))
      return fmt::format("column '{}' is numeric, and would not keep the value as it is written", columns_[c].name);
  }
  return {};
}

void postgres_destination::encode_row(postgres::copy_encoder& to, const page& rows, std::size_t row) const {
  to.begin_row(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const auto text = text_of(rows, row, c);
    if (!text || (text->empty() && !columns_[c].is_text)) {
      to.cell(nullptr);
    } else {
      to.cell(*text);
    }
  }
}

postgres::table_name postgres_destination::target() const {
  if (incoming_.empty()) return how_.table;
  return {"pg_temp", incoming_};
}

asio::awaitable<void> postgres_destination::move_incoming() {
  if (incoming_.empty()) co_return;
  const postgres::statement move("penstock_move", move_rows_);
  const postgres::statement empty("penstock_empty", "DELETE FROM pg_temp." + incoming_);
  co_await database_->async_execute(move, {}, limits());
  co_await database_->async_execute(empty, {}, limits());
}

// What the table would look at when all is committed, and blame on nobody.
asio::awaitable<void> postgres_destination::check_now() {
  if (!checks_at_commit_) co_return;
  const std::string check = "SET CONSTRAINTS ALL IMMEDIATE";
  co_await database_->async_script(check, limits());
}

asio::awaitable<void> postgres_destination::copy(const page& rows, std::span<const std::size_t> some) {
  postgres::copy_encoder encoder;
  for (const std::size_t row : some) encode_row(encoder, rows, row);
  auto running = co_await database_->async_copy_in(target(), names_, postgres::copy_format::text, limits());
  co_await running.async_write(encoder.bytes(), limits());
  const auto copied = co_await running.async_finish(limits());
  if (copied != static_cast<std::int64_t>(some.size())) throw left_out();
  co_await move_incoming();
  co_await check_now();
}

void postgres_destination::copy_what_fits(const page& rows, std::vector<refused_row>& refused) {
  constexpr std::size_t after_a_bad_row = 64;
  std::vector<std::size_t> fit;
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    if (auto why = why_unfit(rows, r)) {
      refused.push_back({r, std::move(*why)});
    } else {
      fit.push_back(r);
    }
  }
  std::size_t width = fit.size();
  for (std::size_t at = 0; at < fit.size();) {
    const std::size_t count = std::min(width, fit.size() - at);
    const auto narrow = [&](std::optional<std::size_t> row, const char* why) {
      if (count == 1) {
        refused.push_back({fit[at], why});
        ++at;
        width = after_a_bad_row;
      } else {
        // The rows before it, then the row alone; where the server does not say which it is, half of them.
        width = row && *row < count ? std::max<std::size_t>(*row, 1) : count / 2;
      }
    };
    try {
      await([&] { return database_->async_script("SAVEPOINT penstock_part", limits()); });
      await([&] { return copy(rows, std::span(fit).subspan(at, count)); });
      await([&] { return database_->async_script("RELEASE penstock_part", limits()); });
      at += count;
      width = 2 * count;
      continue;
    } catch (const left_out& e) {
      narrow({}, e.what());
    } catch (const postgres::error& e) {
      if (!blames_a_row(e)) throw;
      narrow(e.row(), e.what());
    }
    await([&] { return database_->async_script("ROLLBACK TO penstock_part; RELEASE penstock_part", limits()); });
  }
  std::ranges::sort(refused, {}, &refused_row::row);
}

}  // namespace load
