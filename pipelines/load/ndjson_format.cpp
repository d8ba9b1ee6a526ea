#include "ndjson_format.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "exit_code.hpp"
#include "reading.hpp"

namespace load {

namespace ndjson = penstock::ndjson;

namespace {

std::vector<std::string> keys_of(const ndjson::block& first, const std::string& file) {
  if (first.records == 0) throw failure(exit_code::nothing_usable, fmt::format("{} is empty", file));
  auto keys = ndjson::discover_keys(first);
  if (keys.empty())
    throw failure(
        exit_code::nothing_usable,
        fmt::format("{}: none of the first {} lines is a JSON object with keys; one object a line is expected", file,
                    first.records));
  require_column_names(keys, file);
  return keys;
}

}  // namespace

ndjson_format::reader::reader(job& work) : work_(&work) {}

ndjson::blocks ndjson_format::reader::blocks_from(const penstock::files::position& place) const {
  return ndjson::blocks(work_->from.sources, {.rows = work_->how.batch,
                                              .bytes = work_->how.bytes_of_a_batch,
                                              .max_row_bytes = work_->how.max_row,
                                              .progress = work_->bytes,
                                              .begin = place,
                                              .proof = penstock::files::proof::digest});
}

std::optional<ndjson_format::piece> ndjson_format::reader::operator()(penstock::context& run) {
  if (!blocks_)
    blocks_ = begin_reading(*work_, [this](const auto& place) { return blocks_from(place); }, run.stop_token());
  if (!blocks_) return std::nullopt;
  if (!expected_) {
    const auto* const first = blocks_->peek(run.stop_token());
    if (first == nullptr || (first->records == 0 && run.stop_token().stop_requested())) return std::nullopt;
    if (!settle(*first, run.stop_token())) return std::nullopt;
  }
  auto block = blocks_->next(run.stop_token());
  if (!block) return std::nullopt;
  work_->rows.read.fetch_add(block->records, std::memory_order_relaxed);
  return piece{std::move(*block), expected_};
}

bool ndjson_format::reader::settle(const ndjson::block& first, const penstock::stop_token& stop) {
  const auto file = work_->from.name(first.source);
  std::vector<std::string> keys;
  // The table has the columns of a load that goes on; a key that it lacks rejects a line, as it did before.
  if (work_->done.id == 0) keys = keys_of(first, file);
  auto prepared = work_->to->prepare(of_keys(std::move(keys), work_->how.types), destination::match::by_name, file,
                                     work_->done, stop);
  if (!prepared) return false;
  auto columns = std::make_shared<const layout>(std::move(*prepared));
  ndjson::schema schema(columns->names);
  expected_ = std::make_shared<const expectation>(std::move(schema), std::move(columns));
  return true;
}

page ndjson_format::parser::operator()(piece from) const {
  const auto end = from.lines.end;
  std::optional<row_places> places;
  if (may_end_at_a_row) places.emplace(from.lines);
  return {ndjson::parse(std::move(from.lines), from.expected->keys), from.expected->columns, end, std::move(places)};
}

}  // namespace load
