// `table_columns` for those who hold a connection and no database.
#pragma once

#include <string_view>
#include <vector>

#include <penstock/connectors/sqlite/table.hpp>
#include "connection.hpp"

namespace penstock::sqlite::detail {

std::vector<column> columns_of(const connection& c, std::string_view table);

}  // namespace penstock::sqlite::detail
