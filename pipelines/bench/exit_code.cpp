#include "exit_code.hpp"

#include <fmt/format.h>

#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include <penstock/base/error.hpp>

namespace bench {
namespace {

constexpr std::pair<exit_code, const char*> meanings[] = {
    {exit_code::ok, "measured"},
    {exit_code::internal, "a defect: an item is wrong or missing; or no threads or memory"},
    {exit_code::usage, "a wrong option or value"},
    {exit_code::output_unwritable, "the report could not be written"},
    {exit_code::nothing_measured, "no item came through, so nothing was measured"},
    {exit_code::stopped, "stopped by a signal; what was measured by then is reported"},
    {exit_code::cancelled, "cancelled by a second signal"},
};

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
  } catch (const penstock::declaration_error& e) {
    return {exit_code::usage, e.what()};
  } catch (const std::system_error& e) {  // only threads come from the system here
    return {exit_code::internal, fmt::format("cannot have the threads for it: {}", e.what())};
  } catch (const std::bad_alloc&) {
    return {exit_code::internal, "out of memory"};
  } catch (const std::exception& e) {
    return {exit_code::internal, e.what()};
  } catch (...) {
    return {exit_code::internal, "an unknown exception"};
  }
}

}  // namespace bench
