// The body of an async consumer or transform that copies each batch into a table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <penstock/connectors/postgres/pool.hpp>

namespace penstock::postgres {

struct copy_into_options {
  /// See `copy_format` for when binary is right.
  copy_format format = copy_format::text;
};

/// Each batch is one COPY on a connection of the pool: all of it is kept, or nothing and the body throws. As a
/// transform, it gives the number of rows. Workers copy at the same time, so with several of them batches are committed
/// in any order. The pool must outlive the runs.
class copy_into {
 public:
  copy_into(pool& connections, table_name table, std::vector<std::string> columns, copy_into_options options = {})
      : pool_(&connections),
        target_(std::make_shared<const target>(target{std::move(table), std::move(columns), options})) {}

  template <class Records>
  boost::asio::awaitable<std::int64_t> operator()(Records batch) const {
    return copy(pool_, target_, std::move(batch));
  }

 private:
  struct target {
    table_name table;
    std::vector<std::string> columns;
    copy_into_options options;
  };

  template <class Records>
  static boost::asio::awaitable<std::int64_t> copy(pool* connections, std::shared_ptr<const target> where,
                                                   Records batch) {
    connection db = co_await connections->async_acquire();
    table_name table = where->table;
    std::vector<std::string> columns = where->columns;
    const std::int64_t rows =
        co_await db.async_batch_insert(std::move(table), std::move(columns), batch, where->options.format);
    co_return rows;
  }

  pool* pool_;
  std::shared_ptr<const target> target_;
};

}  // namespace penstock::postgres
