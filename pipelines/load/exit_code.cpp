#include "exit_code.hpp"

#include <fmt/format.h>

#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include <penstock/base/error.hpp>
#include <penstock/connectors/compressed.hpp>
#include <penstock/connectors/csv.hpp>
#include <penstock/connectors/postgres.hpp>
#include <penstock/connectors/sqlite.hpp>

#include "destination.hpp"

namespace load {
namespace {

constexpr std::pair<exit_code, const char*> meanings[] = {
    {exit_code::ok, "loaded; malformed rows, if any, are in the file of rejected rows"},
    {exit_code::internal, "a defect of this program"},
    {exit_code::usage, "a wrong option or value"},
    {exit_code::input_unreadable, "an input is missing, may not be read, is a directory, or failed while reading"},
    {exit_code::nothing_usable, "an input is empty, or is neither CSV nor NDJSON"},
    {exit_code::bad_row, "a malformed row, with --on-bad-row fail"},
    {exit_code::other_columns, "the table, or a further input, has other columns"},
    {exit_code::database_unusable, "the database cannot be opened, is none, or failed while writing"},
    {exit_code::database_read_only, "the database or its directory may not be written"},
    {exit_code::database_locked, "another program is writing to the database, or to the file of rejected rows"},
    {exit_code::disk_full, "no room for the database"},
    {exit_code::output_unwritable, "the rejected rows, or the report, could not be written"},
    {exit_code::changed, "an interrupted load cannot go on, because something has changed; see --fresh"},
    {exit_code::damaged, "a compressed input is cut off or damaged; the rows before that are committed"},
    {exit_code::stopped, "stopped by a signal; what was read by then is committed"},
    {exit_code::cancelled, "cancelled by a second signal, or because the drain took too long"},
};

exit_code code_of(penstock::sqlite::errc cause) {
  using enum penstock::sqlite::errc;
  switch (cause) {
    case read_only: return exit_code::database_read_only;
    case busy:
    case cancelled: return exit_code::database_locked;
    case disk_full: return exit_code::disk_full;
    case schema_mismatch: return exit_code::other_columns;
    case constraint: return exit_code::bad_row;
    default: return exit_code::database_unusable;
  }
}

exit_code code_of(const penstock::postgres::error& e) {
  using enum penstock::postgres::errc;
  switch (e.cause()) {
    case busy:
    case conflict:
    case cancelled: return exit_code::database_locked;
    case no_room: return exit_code::disk_full;
    case schema: return exit_code::other_columns;
    case constraint:
    case bad_value: return exit_code::bad_row;
    case refused:
      // A right is missing, where the credentials were good.
      return e.sqlstate() == "42501" ? exit_code::database_read_only : exit_code::database_unusable;
    default: return e.sqlstate() == "25006" ? exit_code::database_read_only : exit_code::database_unusable;
  }
}

}  // namespace

std::string exit_code_table() {
  std::string table;
  for (const auto& [code, meaning] : meanings)
    fmt::format_to(std::back_inserter(table), "  {:>2}  {}\n", static_cast<int>(code), meaning);
  return table;
}

failure explain(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const failure& known) {
    return known;
  } catch (const penstock::csv::malformed_row& header) {
    const bool json = header.row().text.starts_with('{');
    return {exit_code::nothing_usable,
            fmt::format("{} (in the header; {})", header.what(),
                        json ? "this looks like NDJSON, which --format ndjson loads" : "is this CSV?")};
  } catch (const penstock::files::changed_source& e) {
    return {
        exit_code::changed,
        fmt::format("{}, so that the unfinished load of it cannot go on; --fresh loads it as a new input", e.what())};
  } catch (const penstock::compressed::error& e) {
    return {exit_code::damaged, e.what()};
  } catch (const gave_up_waiting& e) {
    return {exit_code::database_locked, e.what()};
  } catch (const penstock::sqlite::error& e) {
    return {code_of(e.cause()), e.what()};
  } catch (const penstock::postgres::error& e) {
    return {code_of(e), e.what()};
  } catch (const penstock::declaration_error& e) {
    return {exit_code::usage, e.what()};
  } catch (const std::system_error& e) {
    // The inputs are the only part that fails with a plain code of the system.
    const bool of_the_system = e.code().category() == std::generic_category();
    return {of_the_system ? exit_code::input_unreadable : exit_code::internal, e.what()};
  } catch (const std::bad_alloc&) {
    return {exit_code::internal, "out of memory"};
  } catch (const std::exception& e) {
    return {exit_code::internal, e.what()};
  } catch (...) {
    return {exit_code::internal, "an unknown exception"};
  }
}

}  // namespace load
