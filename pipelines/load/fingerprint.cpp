#include "fingerprint.hpp"

#include <algorithm>

#include <penstock/connectors/files.hpp>

namespace load {

std::uint64_t fingerprint_of(const std::string& file) {
  constexpr std::size_t part = std::size_t{64} << 10;
  const penstock::files::opened_file opened(file);
  fingerprint sum;
  std::string bytes(part, '\0');
  const auto add = [&](std::uint64_t offset) {
    sum.add(std::string_view(bytes).substr(0, opened.read_at(offset, bytes)));
  };
  add(0);
  if (opened.size() > part) add(std::max<std::uint64_t>(part, opened.size() - part));
  return sum.value();
}

}  // namespace load
