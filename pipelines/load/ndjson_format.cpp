#include "ndjson_format.hpp"

#include <fmt/format.h>

#include <utility>

#include "exit_code.hpp"

namespace load {

namespace ndjson = penstock::ndjson;

ndjson_format::reader::reader(job& work)
    : work_(&work),
      blocks_(
          work.from.sources,
          {.rows = work.how.batch, .bytes = batch_bytes, .max_row_bytes = work.how.max_row, .progress = work.bytes}) {}

std::optional<ndjson_format::piece> ndjson_format::reader::operator()(penstock::context& run) {
  if (!expected_) {
    const auto* const first = blocks_.peek(run.stop_token());
    if (first == nullptr || (first->records == 0 && run.stop_token().stop_requested())) return std::nullopt;
    if (!settle(*first, run.stop_token())) return std::nullopt;
  }
  auto block = blocks_.next(run.stop_token());
  if (!block) return std::nullopt;
  work_->rows.read.fetch_add(block->records, std::memory_order_relaxed);
  return piece{std::move(*block), expected_};
}

bool ndjson_format::reader::settle(const ndjson::block& first, const penstock::stop_token& stop) {
  const auto file = work_->from.name(first.source);
  if (first.records == 0) throw failure(exit_code::nothing_usable, fmt::format("{} is empty", file));
  auto keys = ndjson::discover_keys(first);
  if (keys.empty())
    throw failure(
        exit_code::nothing_usable,
        fmt::format("{}: none of the first {} lines is a JSON object with keys; one object a line is expected", file,
                    first.records));
  require_column_names(keys, file);
  auto prepared = work_->to->prepare(of_keys(std::move(keys), work_->how.types), destination::match::by_name, file,
                                     work_->done, stop);
  if (!prepared) return false;
  auto columns = std::make_shared<const layout>(std::move(*prepared));
  ndjson::schema schema(columns->names);
  expected_ = std::make_shared<const expectation>(std::move(schema), std::move(columns));
  return true;
}

page ndjson_format::parser::operator()(piece from) const {
  return {ndjson::parse(std::move(from.lines), from.expected->keys), from.expected->columns};
}

}  // namespace load
