#include "exit_code.hpp"

#include <fmt/format.h>

#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include <penstock/base/error.hpp>
#include <penstock/connectors/sqlite.hpp>

namespace text_stats {
namespace {

constexpr std::pair<exit_code, const char*> meanings[] = {
    {exit_code::ok, "all files were counted"},
    {exit_code::internal, "a defect of this program, or no threads or memory"},
    {exit_code::usage, "a wrong option or value"},
    {exit_code::input_unreadable, "some files could not be read; all others were counted"},
    {exit_code::database_unusable, "the database cannot be opened, is none, has another such table, or failed"},
    {exit_code::database_read_only, "the database or its directory may not be written"},
    {exit_code::database_locked, "another program is writing to the database"},
    {exit_code::disk_full, "no room for the database"},
    {exit_code::output_unwritable, "the summary, or the report, could not be written"},
    {exit_code::stopped, "stopped by a signal; the files that were begun are counted"},
    {exit_code::cancelled, "cancelled by a second signal, or because the drain took too long"},
};

exit_code code_of(penstock::sqlite::errc cause) {
  using enum penstock::sqlite::errc;
  switch (cause) {
    case read_only: return exit_code::database_read_only;
    case busy:
    case cancelled: return exit_code::database_locked;
    case disk_full: return exit_code::disk_full;
    default: return exit_code::database_unusable;
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
  } catch (const penstock::sqlite::error& e) {
    return {code_of(e.cause()), e.what()};
  } catch (const penstock::declaration_error& e) {
    return {exit_code::usage, e.what()};
  } catch (const std::bad_alloc&) {
    return {exit_code::internal, "out of memory"};
  } catch (const std::exception& e) {
    return {exit_code::internal, e.what()};
  } catch (...) {
    return {exit_code::internal, "an unknown exception"};
  }
}

}  // namespace text_stats
