// Where the rows of a block begin in the input, for a load that ends at one of them and is to go on there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/connectors/files.hpp>

namespace load {

/// Keeps a copy of the block's bytes: parsing changes them.
class row_places {
 public:
  /// `of` was read with `proof::digest`.
  explicit row_places(const penstock::files::block& of)
      : bytes_(of.bytes),
        before_(of.before),
        start_{.source = of.source, .offset = of.offset, .line = of.first_line, .record = of.first_record} {}

  /// Of the row that begins on this line, behind so many rows of the block. All of them were held in the block.
  [[nodiscard]] penstock::files::position of(std::uint64_t line, std::uint64_t rows_before) const {
    std::size_t at = 0;
    for (auto lines = line - start_.line; lines > 0 && at < bytes_.size(); --lines) {
      const auto end = bytes_.find('\n', at);
      at = end == std::string::npos ? bytes_.size() : end + 1;
    }
    auto digest = before_;
    digest.add(std::string_view(bytes_).substr(0, at));
    return {.source = start_.source,
            .offset = start_.offset + at,
            .line = line,
            .record = start_.record + rows_before,
            .digest = digest.value()};
  }

 private:
  std::string bytes_;
  penstock::files::detail::digest before_;
  penstock::files::position start_;
};

}  // namespace load
