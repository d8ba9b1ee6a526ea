// SQLite as the end of a pipeline: open a database, shape a table, load batches into it fast and lose nothing.
//
//   sqlite::database db{"vendors.db"};
//   sqlite::ensure_table(db, "vendors", {{.name = "prefix", .type = "TEXT"}, {.name = "name", .type = "TEXT"}});
//   auto insert = sqlite::insert_into(db, "vendors");
//   insert(batch);                                    // one transaction per batch
//   db.close();                                       // leaves one plain file
//
// Read in this order: error, value, canonical, database, table, inserter.
#pragma once

#include <penstock/connectors/sqlite/canonical.hpp>
#include <penstock/connectors/sqlite/database.hpp>
#include <penstock/connectors/sqlite/error.hpp>
#include <penstock/connectors/sqlite/inserter.hpp>
#include <penstock/connectors/sqlite/table.hpp>
#include <penstock/connectors/sqlite/value.hpp>
