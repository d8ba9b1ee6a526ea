#include <penstock/connectors/detail/block_reader.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include <penstock/base/error.hpp>

namespace penstock::files::detail {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string shown_name(const source& of) { return of.name == "-" && !of.is_function() ? "standard input" : of.name; }

}  // namespace

void check_limits(const block_limits& limits, std::size_t max_record_bytes, const char* who) {
  const auto refuse = [who](const char* why) { throw declaration_error(std::string(who) + ": " + why); };
  if (limits.rows == 0) refuse("rows is 0, so a block could never hold one");
  if (limits.bytes == 0) refuse("bytes is 0, so a block could never hold any");
  if (max_record_bytes == 0) refuse("max_row_bytes is 0, so every row would be too large");
  // Positions in a block are kept in 31 bits.
  constexpr std::size_t most = std::size_t{1} << 30;
  if (limits.bytes > most || max_record_bytes > most) refuse("bytes and max_row_bytes can be 1 GiB at most");
}

block_reader::block_reader(std::vector<source> sources, const block_rules& rules, std::shared_ptr<progress> shown,
                           const block_start& from)
    : sources_(std::move(sources)),
      rules_(rules),
      progress_(shown ? std::move(shown) : std::make_shared<progress>()),
      from_(from),
      scanner_(rules.delimiter, rules.quote),
      buffer_(new char[buffer_bytes]) {
  sum_sizes();
}

void block_reader::sum_sizes() {
  std::uint64_t total = 0;
  for (const source& each : sources_) {
    struct stat status{};
    if (each.is_function() || each.name == "-" || ::stat(each.name.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      return;
    total += static_cast<std::uint64_t>(status.st_size);
  }
  progress_->bytes_total.store(total, std::memory_order_relaxed);
}

bool block_reader::next_source(const stop_token& stop) {
  while (next_index_ < from_.at.source) {
    if (next_index_ >= sources_.size()) throw changed_source(sources_.size(), "there are fewer sources than before");
    if (from_.proof == proof::none) {
      ++next_index_;
      continue;
    }
    open_source();
    if (skip(std::numeric_limits<std::uint64_t>::max(), stop) == fill_result::stopped) return false;
  }
  if (stopped_ || next_index_ == sources_.size()) return false;
  open_source();
  return true;
}

bool block_reader::go_to_start(const stop_token& stop) {
  if (stopped_) return false;
  const position at = std::exchange(from_.at, {});
  if (at.source == 0 && at.offset == 0) return true;
  // A header that was read is a record of its own; it may have grown.
  if (offset_ > at.offset) refuse("begins otherwise than before");
  const auto skipped = skip(at.offset, stop);
  if (skipped == fill_result::stopped) return false;
  if (skipped == fill_result::ended) refuse("is shorter than before");
  line_ = at.line;
  record_ = at.record;
  if (proving()) {
    take_in(at_);
    if (digest_.value() != at.digest) refuse_all("is not as it was before");
  }
  // A last record without a line end was whole then; more bytes would be a part of it.
  const bool whole = at_ == buffer_.get() || at_[-1] == '\n';
  if (!whole && (at_ != end_ || fill(stop) == fill_result::filled))
    refuse("goes on in the row that was its last before");
  scanner_.begin_record();
  scanner_.feed(at_, end_);
  return !stopped_;
}

// Everything before `to` counts as read, without being looked at. `ended`: the source has less.
block_reader::fill_result block_reader::skip(std::uint64_t to, const stop_token& stop) {
  while (offset_ < to) {
    if (at_ == end_) {
      const auto filled = fill(stop);
      if (filled != fill_result::filled) return filled;
    }
    const auto part = std::min(static_cast<std::uint64_t>(end_ - at_), to - offset_);
    at_ += part;
    offset_ += part;
    record_end_ = at_;
  }
  return fill_result::filled;
}

// Brings the digests up to date: what stands in the buffer up to `to` will not be there much longer, or is asked for.
void block_reader::take_in(const char* to) noexcept {
  if (!proving()) return;
  const auto add = [this](const char* end) {
    ahead_.add({counted_, end});
    counted_ = end;
  };
  if (record_end_ != nullptr) {
    add(record_end_);
    digest_ = ahead_;
    record_end_ = nullptr;
  }
  add(to);
}

void block_reader::refuse(const char* why) const {
  throw changed_source(index_, shown_name(sources_[index_]) + " " + why);
}

// A digest over several sources does not tell in which of them a byte is another.
void block_reader::refuse_all(const char* why) const {
  if (index_ == 0) refuse(why);
  std::string names;
  for (std::size_t i = 0; i <= index_; ++i)
    names += (i == 0 ? "" : i == index_ ? " or " : ", ") + shown_name(sources_[i]);
  throw changed_source(index_, names + " " + why);
}

void block_reader::open_source() {
  input_.reset();
  index_ = next_index_++;
  input_.emplace(sources_[index_]);
  scanner_.begin_record();
  at_ = end_ = counted_ = record_end_ = buffer_.get();
  ended_ = false;
  offset_ = 0;
  line_ = record_ = 1;
  if (proving()) {  // or the end of a source could move without being noticed
    const std::uint64_t number = index_;
    std::array<char, sizeof number> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    ahead_.add({bytes.data(), bytes.size()});
  }
}

block_reader::fill_result block_reader::fill(const stop_token& stop) {
  take_in(end_);
  if (ended_) return fill_result::ended;
  std::size_t have = 0;
  // At the beginning of a source a mark must be seen whole; elsewhere one read is enough.
  do {
    const auto got = input_->read({buffer_.get() + have, buffer_bytes - have}, stop);
    if (!got) {
      stopped_ = true;
      return fill_result::stopped;
    }
    progress_->bytes_read.fetch_add(*got, std::memory_order_relaxed);
    if (*got == 0) ended_ = true;
    have += *got;
  } while (!ended_ && offset_ == 0 && at_ == buffer_.get() && have < byte_order_mark.size() &&
           byte_order_mark.starts_with(std::string_view(buffer_.get(), have)));
  if (have == 0) return fill_result::ended;
  const bool at_beginning = at_ == buffer_.get();
  at_ = buffer_.get();
  end_ = at_ + have;
  if (at_beginning && std::string_view(at_, have).starts_with(byte_order_mark)) {
    at_ += byte_order_mark.size();
    offset_ += byte_order_mark.size();
  }
  counted_ = at_;
  scanner_.feed(at_, end_);
  return fill_result::filled;
}

bool block_reader::blank(std::string_view record) const noexcept {
  if (rules_.blank == blank_line::empty) return record == "\n" || record == "\r\n";
  return record.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool block_reader::read(block& into, const block_limits& limits, const stop_token& stop) {
  into.bytes.clear();
  into.bytes.reserve(std::min(limits.bytes, usual_bytes_ + usual_bytes_ / 4) + block::padding);
  into.rejected.clear();
  into.source = index_;
  into.offset = offset_;
  into.first_line = line_;
  into.first_record = record_;
  into.records = 0;
  into.before = ahead_;

  record_in_progress record;
  while (input_) {
    bool at_end_of_record = false;
    if (at_ == end_ && fill(stop) != fill_result::filled) {
      if (stopped_ && record.bytes > 0) drop(into, record);
      input_.reset();
      if (record.bytes == 0) break;
      at_end_of_record = true;
    } else {
      // Only here is it known whether a byte order mark was stepped over.
      if (into.bytes.empty()) into.offset = offset_;
      const char* const found = scanner_.next();
      at_end_of_record = found != nullptr;
      const char* const to = at_end_of_record ? found : end_;
      hold(into, record, {at_, to});
      at_ = to;
    }
    if (!at_end_of_record) continue;
    finish(into, record);
    if (record.too_large || into.records >= limits.rows || into.bytes.size() >= limits.bytes) break;
    record = {.begin = into.bytes.size()};
  }

  usual_bytes_ = std::max(usual_bytes_, into.bytes.size());
  // One row that was too large must not make its block carry the memory on.
  if (into.bytes.capacity() / 4 > into.bytes.size() + limits.bytes) into.bytes.shrink_to_fit();
  into.bytes.reserve(into.bytes.size() + block::padding);
  take_in(record_end_ != nullptr ? record_end_ : counted_);
  into.end = {
      .source = index_, .offset = offset_, .line = line_, .record = record_, .digest = proving() ? digest_.value() : 0};
  return !into.bytes.empty() || into.records > 0;
}

void block_reader::hold(block& into, record_in_progress& record, std::string_view part) const {
  record.bytes += part.size();
  if (record.too_large) return;
  into.bytes.append(part);
  if (record.bytes <= rules_.max_record_bytes) return;
  record.too_large = true;
  const std::string_view held = without_line_end(std::string_view(into.bytes).substr(record.begin));
  rejected_row row;
  row.source = index_;
  row.line = line_;
  row.text = held.substr(0, rejected_text_bytes);
  into.rejected.push_back(std::move(row));
  into.bytes.resize(record.begin);
}

void block_reader::drop(block& into, record_in_progress& record) {
  if (record.too_large) into.rejected.pop_back();
  into.bytes.resize(record.begin);
  record = {};
}

void block_reader::finish(block& into, const record_in_progress& record) {
  if (record.too_large) {
    rejected_row& row = into.rejected.back();
    row.bytes = record.bytes;
    row.reason = "the row is larger than the limit of " + std::to_string(rules_.max_record_bytes) + " bytes";
    if (scanner_.in_quotes())
      row.reason += "; a quote opened on line " + std::to_string(line_ + scanner_.quote_line()) + " is never closed";
  }
  if (record.too_large || !blank(std::string_view(into.bytes).substr(record.begin))) {
    ++into.records;
    ++record_;
  }
  offset_ += record.bytes;
  line_ += scanner_.lines();
  record_end_ = at_;
}

}  // namespace penstock::files::detail
