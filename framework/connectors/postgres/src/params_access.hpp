// Parameters as libpq wants them.
#pragma once

#include <libpq-fe.h>

#include <vector>

#include <penstock/connectors/postgres/params.hpp>

namespace penstock::postgres {

/// Refers to the parameters it was made from.
struct params_access {
  explicit params_access(const params& from) {
    constexpr Oid bytea = 17;
    for (const auto& e : from.entries_) {
      values.push_back(e.size < 0 ? nullptr : from.bytes_.data() + e.at);
      lengths.push_back(e.size < 0 ? 0 : e.size);
      formats.push_back(e.binary ? 1 : 0);
      types.push_back(e.binary ? bytea : 0);
    }
  }
  [[nodiscard]] int count() const noexcept { return static_cast<int>(values.size()); }

  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  std::vector<Oid> types;
};

}  // namespace penstock::postgres
