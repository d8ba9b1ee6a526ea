// Names of files as they are written where only UTF-8 can stand: in a database, in a report.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace load {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// A backslash is written twice, a byte that is no part of UTF-8 as \xNN: no two names are written alike.
std::string written(std::string_view name);

/// The absolute path, written so. It knows a file whatever directory the program was started in.
std::string written_path(const std::filesystem::path& file);

}  // namespace load
