#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <penstock/connectors/postgres/error.hpp>

#include "params_access.hpp"
#include "written.hpp"

namespace penstock::postgres {

void params::add(const value_view& v) {
  const std::size_t at = bytes_.size();
  switch (v.kind()) {
    case kind::null: entries_.push_back({at, -1, false}); return;
    case kind::text:
    case kind::blob:
      if (v.kind() == kind::text && v.bytes().find('\0') != std::string_view::npos)
        throw error(errc::bad_value, "binding $" + std::to_string(size() + 1) + ": a text holds a NUL byte");
      if (v.bytes().size() >= detail::largest_value)
        throw error(errc::misuse, "binding $" + std::to_string(size() + 1) + ": a value beyond 1 GiB");
      bytes_ += v.bytes();
      break;
    default: detail::write_number(bytes_, v); break;
  }
  entries_.push_back({at, static_cast<int>(bytes_.size() - at), v.kind() == kind::blob});
  bytes_ += '\0';
}

}  // namespace penstock::postgres
