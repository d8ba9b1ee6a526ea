#include "exit_code.hpp"

#include <fmt/format.h>

#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include <penstock/base/error.hpp>
#include <penstock/connectors/http/error.hpp>

namespace fetch {
namespace {

constexpr std::pair<exit_code, const char*> meanings[] = {
    {exit_code::ok, "all fetched"},
    {exit_code::internal, "a defect of this program, or no threads or memory"},
    {exit_code::usage, "a wrong option or value"},
    {exit_code::input_unreadable, "standard input failed while reading"},
    {exit_code::nothing_usable, "there was no URL"},
    {exit_code::output_unwritable, "the results, a body or the resume file could not be written"},
    {exit_code::some_failed, "some URL has no answer, or one with a status of 400 and more; each has its line"},
    {exit_code::cannot_resume, "the resume file belongs to another job, or the results are not as it says"},
    {exit_code::stopped, "stopped by a signal; what was under way is finished and written"},
    {exit_code::cancelled, "cancelled by a second signal, or because the drain took too long"},
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
  } catch (const penstock::http::error& e) {
    return {exit_code::usage, e.what()};  // of the client's options; a URL's own is its result
  } catch (const std::bad_alloc&) {
    return {exit_code::internal, "out of memory"};
  } catch (const std::exception& e) {
    return {exit_code::internal, e.what()};
  } catch (...) {
    return {exit_code::internal, "an unknown exception"};
  }
}

}  // namespace fetch
