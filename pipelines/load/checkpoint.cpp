#include "checkpoint.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace load {

namespace {

constexpr std::pair<load_state, std::string_view> states[] = {
    {load_state::loading, "loading"}, {load_state::stopped, "stopped"}, {load_state::loaded, "loaded"}};

}  // namespace

std::string progress_columns() {
  std::string columns = "state, rejects";
  for (const auto& number : progress_numbers) columns.append(", ").append(number.column);
  return columns;
}

// The names of inputs may be long, and a row is written as a whole, so what changes with each batch is a table of its
// own.
std::string progress_tables(std::string_view id, std::string_view text, std::string_view number) {
  std::string numbers;
  for (const auto& each : progress_numbers) numbers += fmt::format(", {} {} NOT NULL", each.column, number);
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS penstock_loads (id {}, target {} NOT NULL, inputs TEXT NOT NULL, contents TEXT NOT "
      "NULL); CREATE TABLE IF NOT EXISTS penstock_progress (load {} PRIMARY KEY, state TEXT NOT NULL, rejects TEXT NOT "
      "NULL{})",
      id, text, number, numbers);
}

std::string_view word_of(load_state state) {
  for (const auto& [each, word] : states)
    if (each == state) return word;
  return states[0].second;
}

load_state state_of(std::string_view word) {
  for (const auto& [state, each] : states)
    if (each == word) return state;
  return load_state::loading;
}

std::int64_t as_signed(std::uint64_t value) noexcept { return std::bit_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) noexcept { return std::bit_cast<std::uint64_t>(value); }

}  // namespace load
