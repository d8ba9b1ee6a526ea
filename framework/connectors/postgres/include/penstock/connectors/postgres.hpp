// PostgreSQL from coroutines: libpq in non-blocking mode on Boost.Asio, without a thread of its own per connection.
//
//   postgres::pool pool("postgresql://localhost/shop", {.max = 4});
//   auto db = co_await pool.async_acquire();
//   const auto found = co_await db.async_query("SELECT name FROM vendors WHERE id = $1", postgres::params(7));
//   … async_consumer({.name = "copy", .workers = 2}, postgres::copy_into(pool, "vendors", {"prefix", "name"})) …
//
// Read in this order: error, value, identifier, params, rows, copy_encoder, connection, pool, copy_into.
#pragma once

#include <penstock/connectors/postgres/connection.hpp>
#include <penstock/connectors/postgres/copy_encoder.hpp>
#include <penstock/connectors/postgres/copy_into.hpp>
#include <penstock/connectors/postgres/error.hpp>
#include <penstock/connectors/postgres/identifier.hpp>
#include <penstock/connectors/postgres/params.hpp>
#include <penstock/connectors/postgres/pool.hpp>
#include <penstock/connectors/postgres/rows.hpp>
#include <penstock/connectors/postgres/value.hpp>
