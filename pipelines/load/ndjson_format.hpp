// NDJSON as the first two stages: blocks of whole lines, then pages.
#pragma once

#include <memory>
#include <optional>

#include <penstock/body/context.hpp>
#include <penstock/connectors/ndjson.hpp>

#include "job.hpp"
#include "page.hpp"

namespace load {

struct ndjson_format {
  /// What the first block settled on, for all that follow.
  struct expectation {
    penstock::ndjson::schema keys;
    std::shared_ptr<const layout> columns;
  };
  struct piece {
    penstock::ndjson::block lines;
    std::shared_ptr<const expectation> expected;
  };

  /// Body of the read stage; waits for the files. The first call settles on the columns, which are the keys of the
  /// first block, and makes the table. Fails with `failure` or `std::system_error`.
  class reader {
   public:
    explicit reader(job& work);
    std::optional<piece> operator()(penstock::context& run);

   private:
    [[nodiscard]] penstock::ndjson::blocks blocks_from(const penstock::files::position& place) const;
    bool settle(const penstock::ndjson::block& first, const penstock::stop_token& stop);  // false: a stop came first

    job* work_;
    std::optional<penstock::ndjson::blocks> blocks_;
    std::shared_ptr<const expectation> expected_;
  };

  /// Body of the parse stage; never waits.
  struct parser {
    bool may_end_at_a_row;
    explicit parser(const job& work) : may_end_at_a_row(work.how.on_bad_row == bad_row_choice::fail) {}
    page operator()(piece from) const;
  };
};

}  // namespace load
