// Finds where records end in a stream of bytes that arrives in pieces. A record ends at a line feed outside quotes; a
// quote opens a quoted field only as the first byte of a field, and any other is data here (a strict parser rejects the
// row, but both agree on where it ends). No I/O, no allocation.
#pragma once

#include <cstdint>
#include <optional>

#include <penstock/connectors/detail/find.hpp>

namespace penstock::files::detail {

class record_scanner {
 public:
  /// Without a quote every line is a record.
  record_scanner(char delimiter, std::optional<char> quote) noexcept
      : delimiter_(delimiter), quote_(quote.value_or('\0')), quoting_(quote.has_value()) {}

  /// The next piece of the stream. It must stay where it is until `next` has returned null.
  void feed(const char* begin, const char* end) noexcept {
    at_ = begin;
    end_ = end;
    line_feed_ = find_byte('\n', begin, end);
    next_quote_ = quoting_ ? find_byte(quote_, begin, end) : end;
  }

  /// One past the end of the current record, or null when the piece holds no more ends.
  const char* next() noexcept {
    if (at_record_end_) begin_record();
    for (;;) {
      switch (state_) {
        case state::plain: {
          if (line_feed_ < at_) line_feed_ = find_byte('\n', at_, end_);
          if (next_quote_ < at_) {
            // Where one field is quoted, the next often is: a look is cheaper than a search.
            const bool next_field = end_ - at_ > 1 && at_[0] == delimiter_ && at_[1] == quote_;
            next_quote_ = next_field ? at_ + 1 : find_byte(quote_, at_, end_);
          }
          if (next_quote_ >= line_feed_) {
            if (line_feed_ == end_) {
              if (at_ != end_) before_ = end_[-1];
              at_ = end_;
              return nullptr;
            }
            at_ = line_feed_ + 1;
            ++lines_;
            at_record_end_ = true;
            return at_;
          }
          const char before = next_quote_ == at_ ? before_ : next_quote_[-1];
          if (before == delimiter_) {
            state_ = state::quoted;
            quote_line_ = lines_;
          } else {
            before_ = quote_;
          }
          at_ = next_quote_ + 1;
          break;
        }
        case state::quoted:
          at_ = find_either(quote_, '\n', at_, end_);
          if (at_ == end_) return nullptr;
          if (*at_++ == '\n') {
            ++lines_;
          } else {
            state_ = state::after_quote;
          }
          break;
        case state::after_quote:
          if (at_ == end_) return nullptr;
          if (*at_ == quote_) {
            ++at_;
            state_ = state::quoted;
          } else {
            before_ = quote_;
            state_ = state::plain;
          }
          break;
      }
    }
  }

  /// Line feeds seen in the current record, its own end included.
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }

  /// The stream as it stands ends inside a quoted field.
  [[nodiscard]] bool in_quotes() const noexcept { return state_ == state::quoted; }

  /// The line, counting from 0 within the record, on which the latest quoted field opened.
  [[nodiscard]] std::uint64_t quote_line() const noexcept { return quote_line_; }

  /// Forgets the record begun; the next byte begins one.
  void begin_record() noexcept {
    state_ = state::plain;
    // The beginning of a record is the beginning of a field, as after a delimiter.
    before_ = delimiter_;
    lines_ = quote_line_ = 0;
    at_record_end_ = false;
  }

 private:
  enum class state : std::uint8_t {
    plain,        ///< outside quotes: a line feed ends the record
    quoted,       ///< inside a quoted field: only a quote matters
    after_quote,  ///< behind a quote inside a quoted field: a second one is data, anything else means it was closed
  };

  char delimiter_;
  char quote_;
  bool quoting_;
  bool at_record_end_ = true;
  state state_ = state::plain;
  char before_ = '\0';  // the byte before at_, where that lies in an earlier piece
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* line_feed_ = nullptr;   // the first one at or after at_, unless it lies before at_: then not known
  const char* next_quote_ = nullptr;  // likewise
  std::uint64_t lines_ = 0;
  std::uint64_t quote_line_ = 0;
};

}  // namespace penstock::files::detail
