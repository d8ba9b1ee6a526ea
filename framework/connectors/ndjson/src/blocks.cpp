#include <utility>

#include <penstock/connectors/detail/block_reader.hpp>
#include <penstock/connectors/ndjson.hpp>

namespace penstock::ndjson {

struct blocks::position {
  position(const std::vector<files::source>& sources, const block_options& options)
      : reader(sources,
               {.delimiter = '\n',
                .quote = std::nullopt,
                .blank = files::detail::blank_line::spaces,
                .max_record_bytes = options.max_row_bytes},
               options.progress, {.at = options.begin, .proof = options.proof}) {}

  files::detail::block_reader reader;
  bool in_source = false;
  std::optional<block> peeked;

  std::optional<block> read(const block_options& options, const stop_token& stop);
};

std::optional<block> blocks::position::read(const block_options& options, const stop_token& stop) {
  for (;;) {
    const bool at_beginning = !in_source;
    if (at_beginning && (!reader.next_source(stop) || !reader.go_to_start(stop))) return std::nullopt;
    block next;
    in_source = reader.read(next, {.rows = options.rows, .bytes = options.bytes}, stop);
    if (!in_source && !at_beginning) continue;
    next.first_of_source = at_beginning;
    return next;
  }
}

blocks::blocks(std::vector<files::source> sources, block_options options)
    : sources_(std::move(sources)), options_(std::move(options)) {
  files::detail::check_limits({.rows = options_.rows, .bytes = options_.bytes}, options_.max_row_bytes,
                              "ndjson::blocks");
}

const block* blocks::peek(const stop_token& stop) {
  if (!position_) position_ = std::make_shared<position>(sources_, options_);
  if (!position_->peeked) position_->peeked = position_->read(options_, stop);
  return position_->peeked ? &*position_->peeked : nullptr;
}

std::optional<block> blocks::next(const stop_token& stop) {
  if (!position_) position_ = std::make_shared<position>(sources_, options_);
  if (position_->peeked) return std::exchange(position_->peeked, std::nullopt);
  return position_->read(options_, stop);
}

}  // namespace penstock::ndjson
