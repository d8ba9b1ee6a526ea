#include "csv_format.hpp"

#include "reading.hpp"

#include <utility>

namespace load {

namespace csv = penstock::csv;

csv_format::reader::reader(job& work) : work_(&work) {}

csv::blocks csv_format::reader::blocks_from(const penstock::files::position& place) const {
  return csv::blocks(work_->from.sources, {.dialect = work_->from.dialect,
                                           .rows = work_->how.batch,
                                           .bytes = work_->how.bytes_of_a_batch,
                                           .max_row_bytes = work_->how.max_row,
                                           .progress = work_->bytes,
                                           .begin = place,
                                           .proof = penstock::files::proof::digest});
}

std::optional<csv_format::piece> csv_format::reader::operator()(penstock::context& run) {
  if (!blocks_)
    blocks_ = begin_reading(*work_, [this](const auto& place) { return blocks_from(place); }, run.stop_token());
  if (!blocks_) return std::nullopt;
  const csv::block* const next = blocks_->peek(run.stop_token());
  // A stop in the middle of a header leaves a block without one.
  if (next == nullptr || (!next->header && run.stop_token().stop_requested())) return std::nullopt;
  if (!columns_) {
    require_header(work_->from, next->source, next->header.get());
    header_ = next->header;
    const auto sample = csv::parse(*next, work_->from.dialect);
    auto prepared = work_->to->prepare(infer(*header_, sample, work_->how.types), destination::match::in_order,
                                       work_->from.name(next->source), work_->done, run.stop_token());
    if (!prepared) return std::nullopt;
    columns_ = std::make_shared<const layout>(std::move(*prepared));
  } else if (next->first_of_source) {
    require_same_header(work_->from, next->source, next->header.get(), *header_);
  }
  auto block = blocks_->next(run.stop_token());
  work_->rows.read.fetch_add(block->records, std::memory_order_relaxed);
  return piece{std::move(*block), columns_};
}

page csv_format::parser::operator()(piece from) const {
  const auto end = from.rows.end;
  std::optional<row_places> places;
  if (may_end_at_a_row) places.emplace(from.rows);
  return {csv::parse(std::move(from.rows), dialect), std::move(from.columns), end, std::move(places)};
}

}  // namespace load
