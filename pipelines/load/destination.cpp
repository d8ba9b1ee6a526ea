#include "destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stop_token>
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

}  // namespace

destination::destination(const options& how) : how_(how) {
  std::error_code ignored;
  if (std::filesystem::exists(how_.database, ignored)) open();
}

void destination::open() {
  insert_.reset();
  database_.emplace(how_.database, open_options(how_, patience_.token()));
  insert_.emplace(
      *database_, how_.table,
      sqlite::insert_options{.on_bad_row = how_.on_bad_row == bad_row_choice::reject ? sqlite::bad_row_policy::collect
                                                                                     : sqlite::bad_row_policy::fail});
}

std::optional<layout> destination::prepare(layout wanted, match how_strict, const std::string& file,
                                           const penstock::stop_token& stop) {
  std::optional<layout> prepared;
  try {
    const std::stop_callback on_stop(stop.std_token(), [this] { give_up_waiting(); });
    if (!database_) open();
    prepared = made_or_fitting(std::move(wanted), how_strict, file);
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

layout destination::made_or_fitting(layout wanted, match how_strict, const std::string& file) {
  auto existing = sqlite::table_columns(*database_, how_.table);
  if (existing.empty()) {
    sqlite::transaction alone(*database_);  // another load may be about to make the same table
    existing = sqlite::table_columns(*database_, how_.table);
    if (existing.empty()) sqlite::create_table(*database_, how_.table, declared(wanted));
    alone.commit();
  }
  return existing.empty() ? wanted : fit(existing, wanted, how_strict, file);
}

layout destination::fit(const std::vector<sqlite::column>& existing, const layout& wanted, match how_strict,
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

std::vector<sqlite::bad_row> destination::insert(const page& rows) { return insert_->insert(rows); }

}  // namespace load
