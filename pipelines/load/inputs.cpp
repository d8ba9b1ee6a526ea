#include "inputs.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include <penstock/connectors/compressed.hpp>

#include "columns.hpp"
#include "exit_code.hpp"

namespace load {
namespace {

namespace compressed = penstock::compressed;
namespace csv = penstock::csv;

enum class kind_of_file : std::uint8_t { regular, stream };

kind_of_file kind_of(const std::string& file) {
  std::error_code ignored;
  const auto type = std::filesystem::status(file, ignored).type();
  const bool stream = file == "-" || type == std::filesystem::file_type::fifo ||
                      type == std::filesystem::file_type::character || type == std::filesystem::file_type::socket;
  return stream ? kind_of_file::stream : kind_of_file::regular;
}

// What a pipe brings is told by its first bytes, when they come.
penstock::files::source source_of(const std::string& file) {
  if (kind_of(file) == kind_of_file::stream || compressed::promised_by(file) != compressed::format::plain)
    return compressed::source(file);
  std::array<char, compressed::magic_bytes> first{};
  std::ifstream in(file, std::ios::binary);
  in.read(first.data(), first.size());
  const auto known = compressed::format_of({first.data(), static_cast<std::size_t>(in.gcount())});
  if (known == compressed::format::plain) return file;  // read without a detour
  return compressed::source(file);
}

bool begins_with_a_brace(const penstock::files::source& from) {
  std::string start(4096, '\0');
  if (from.read_or_stop) {
    const auto read = from.read_or_stop;
    start.resize(read(start, {}).value_or(0));
  } else {
    std::ifstream in(from.name, std::ios::binary);
    in.read(start.data(), static_cast<std::streamsize>(start.size()));
    start.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (start.starts_with("\xEF\xBB\xBF")) start.erase(0, 3);
  const auto first = start.find_first_not_of(" \t\r\n");
  return first != std::string::npos && start[first] == '{';
}

file_format guess(const penstock::files::source& from) {
  const auto ending = std::filesystem::path(unpacked_name(from.name)).extension();
  if (ending == ".csv" || ending == ".tsv") return file_format::csv;
  if (ending == ".ndjson" || ending == ".jsonl" || ending == ".json") return file_format::ndjson;
  if (kind_of(from.name) == kind_of_file::stream) return file_format::csv;
  return begins_with_a_brace(from) ? file_format::ndjson : file_format::csv;
}

file_format format_of_all(const options& how, const std::vector<penstock::files::source>& sources) {
  if (how.format) return *how.format;
  const auto format = guess(sources.front());
  for (const auto& source : sources)
    if (guess(source) != format)
      throw failure(exit_code::usage, fmt::format("{} and {} are of different formats; load them one after the other, "
                                                  "or say --format",
                                                  how.files.front(), source.name));
  return format;
}

// By reading, because some files say that they are empty and are not. A failure to read is another matter.
void refuse_empty(const std::string& file) {
  if (kind_of(file) == kind_of_file::stream) return;
  std::ifstream in(file, std::ios::binary);
  in.peek();
  if (in.eof() && !in.bad()) throw failure(exit_code::nothing_usable, fmt::format("{} is empty", file));
}

void look_at_headers(const inputs& from, const options& how) {
  std::optional<csv::names> first;
  for (std::size_t i = 0; i < from.sources.size(); ++i) {
    if (kind_of(from.sources[i].name) == kind_of_file::stream) {
      if (i == 0) return;  // what the others must agree with is not known yet
      continue;
    }
    const auto header = csv::read_header(from.sources[i], {.dialect = from.dialect, .max_row_bytes = how.max_row});
    const auto* const found = header ? &*header : nullptr;
    if (first) {
      require_same_header(from, i, found, *first);
    } else {
      require_header(from, i, found);
      first = header;
    }
  }
}

}  // namespace

std::string unpacked_name(const std::string& file) {
  if (compressed::promised_by(file) == compressed::format::plain) return file;
  return file.substr(0, file.rfind('.'));
}

std::string inputs::name(std::size_t source) const {
  const auto& name = sources[source].name;
  return name == "-" ? "standard input" : name;
}

inputs look_at_inputs(const options& how) {
  // All are opened once before the first is loaded; a pipe must not be, its writer would see it close.
  for (const auto& file : how.files)
    if (kind_of(file) == kind_of_file::regular) penstock::files::require_readable({&file, 1});
  for (const auto& file : how.files) refuse_empty(file);

  inputs from;
  for (const auto& file : how.files) from.sources.push_back(source_of(file));
  from.format = format_of_all(how, from.sources);
  if (from.format == file_format::ndjson) {
    if (how.delimiter) throw failure(exit_code::usage, "--delimiter has no meaning for NDJSON");
    return from;
  }
  const bool tabs = std::filesystem::path(unpacked_name(how.files.front())).extension() == ".tsv";
  from.dialect.delimiter = how.delimiter.value_or(tabs ? '\t' : ',');
  look_at_headers(from, how);
  return from;
}

void require_header(const inputs& from, std::size_t source, const csv::names* header) {
  if (header == nullptr)
    throw failure(exit_code::nothing_usable, fmt::format("{} is empty: it has no header", from.name(source)));
  require_column_names(*header, fmt::format("{}, line 1", from.name(source)));
}

void require_same_header(const inputs& from, std::size_t source, const csv::names* header, const csv::names& first) {
  require_header(from, source, header);
  const auto refuse = [&](const std::string& difference) {
    throw failure(exit_code::other_columns, fmt::format("{} {} {}", from.name(source), difference, from.name(0)));
  };
  for (std::size_t i = 0; i < std::min(header->size(), first.size()); ++i)
    if ((*header)[i] != first[i])
      refuse(fmt::format("names its column {} '{}', not '{}' as", i + 1, (*header)[i], first[i]));
  if (header->size() != first.size()) refuse(fmt::format("has {} columns, not {} as", header->size(), first.size()));
}

}  // namespace load
