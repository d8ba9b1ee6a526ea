// Reads sources one after the other and cuts them into blocks of whole records.
//
// Memory: one read buffer of 256 KiB, the block being filled (its limit and one record), never more of a record than
// `max_record_bytes`: what is larger is rejected, and skipped to its end unheld. May block, see `input`. Fails with
// `std::system_error`. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/detail/digest.hpp>
#include <penstock/connectors/detail/input.hpp>
#include <penstock/connectors/detail/record_scanner.hpp>
#include <penstock/connectors/files.hpp>

namespace penstock::files::detail {

enum class blank_line : std::uint8_t {
  empty,   ///< nothing before the line end
  spaces,  ///< nothing but spaces and tabs before it
};

struct block_rules {
  char delimiter = '\n';
  std::optional<char> quote;  ///< none: every line is a record
  blank_line blank = blank_line::empty;
  std::size_t max_record_bytes = 0;  ///< line end included
};

struct block_limits {
  std::size_t rows = 0;   ///< a block ends after so many records
  std::size_t bytes = 0;  ///< or with the record that reaches so many bytes
};

/// Where the reading begins, and what it knows of the bytes before.
struct block_start {
  position at{};
  files::proof proof = files::proof::none;
};

/// Throws `declaration_error` for limits that cannot work, naming `who`.
void check_limits(const block_limits& limits, std::size_t max_record_bytes, const char* who);

class block_reader {
 public:
  block_reader(std::vector<source> sources, const block_rules& rules, std::shared_ptr<progress> shown,
               const block_start& from = {});

  /// Opens the next source, the first time that in which the reading begins, and steps over a byte order mark. False:
  /// there is none, or a stop ended the reading. Throws `changed_source`.
  bool next_source(const stop_token& stop = {});

  /// Goes to the place where the reading begins, if that is in the open source; the header may have been read. False: a
  /// stop ended the reading. Throws `changed_source`.
  bool go_to_start(const stop_token& stop = {});

  /// The next block of the open source, `first_of_source` aside. False: it has no more. A stop request ends a wait for
  /// standard input; the whole records that were read come as the last block, a part of a record is dropped.
  bool read(block& into, const block_limits& limits, const stop_token& stop);

  /// The next record of the source opened last is number 1 again.
  void restart_numbering() noexcept { record_ = 1; }

  [[nodiscard]] const source& current() const noexcept { return sources_[index_]; }

 private:
  enum class fill_result : std::uint8_t { filled, ended, stopped };
  fill_result fill(const stop_token& stop);
  void open_source();
  fill_result skip(std::uint64_t to, const stop_token& stop);
  void take_in(const char* to) noexcept;
  [[nodiscard]] bool proving() const noexcept { return from_.proof == proof::digest; }
  [[noreturn]] void refuse(const char* why) const;
  [[noreturn]] void refuse_all(const char* why) const;
  void sum_sizes();
  [[nodiscard]] bool blank(std::string_view record) const noexcept;

  struct record_in_progress {
    std::size_t begin = 0;    // in the block's bytes
    std::uint64_t bytes = 0;  // seen so far, held or not
    bool too_large = false;   // no longer held; its rejection stands in the block
  };
  void hold(block& into, record_in_progress& record, std::string_view part) const;
  static void drop(block& into, record_in_progress& record);
  void finish(block& into, const record_in_progress& record);

  // Constant.
  std::vector<source> sources_;
  block_rules rules_;
  std::shared_ptr<progress> progress_;
  block_start from_;

  // The open source.
  std::optional<input> input_;
  std::size_t index_ = 0;
  std::size_t next_index_ = 0;
  bool ended_ = false;    // its last byte is in the buffer
  bool stopped_ = false;  // for good
  record_scanner scanner_;
  std::unique_ptr<char[]> buffer_;
  const char* at_ = nullptr;     // in buffer_: what no block has yet
  const char* end_ = nullptr;    // in buffer_
  std::uint64_t offset_ = 0;     // of the next record in the source
  std::uint64_t line_ = 1;       // likewise
  std::uint64_t record_ = 1;     // likewise
  std::size_t usual_bytes_ = 0;  // of the blocks so far

  // What was read of all sources, where proof is asked for.
  digest ahead_;                      // up to counted_
  digest digest_;                     // up to the end of the last record that ended before counted_
  const char* counted_ = nullptr;     // in buffer_
  const char* record_end_ = nullptr;  // in buffer_, the last one, if behind counted_
};

}  // namespace penstock::files::detail
