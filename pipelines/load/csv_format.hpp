// CSV as the first two stages: blocks of whole rows, then pages.
#pragma once

#include <memory>
#include <optional>

#include <penstock/body/context.hpp>
#include <penstock/connectors/csv.hpp>

#include "job.hpp"
#include "page.hpp"

namespace load {

struct csv_format {
  struct piece {
    penstock::csv::block rows;
    std::shared_ptr<const layout> columns;
  };

  /// Body of the read stage; waits for the files. The first call settles on the columns, from the header and the first
  /// block, and makes the table. Fails with `failure`, `csv::malformed_row` or `std::system_error`.
  class reader {
   public:
    explicit reader(job& work);
    std::optional<piece> operator()(penstock::context& run);

   private:
    job* work_;
    [[nodiscard]] penstock::csv::blocks blocks_from(const penstock::files::position& place) const;

    std::optional<penstock::csv::blocks> blocks_;
    std::shared_ptr<const penstock::csv::names> header_;
    std::shared_ptr<const layout> columns_;
  };

  /// Body of the parse stage; never waits.
  struct parser {
    penstock::csv::dialect dialect;
    bool may_end_at_a_row;
    explicit parser(const job& work)
        : dialect(work.from.dialect), may_end_at_a_row(work.how.on_bad_row == bad_row_choice::fail) {}
    page operator()(piece from) const;
  };
};

}  // namespace load
