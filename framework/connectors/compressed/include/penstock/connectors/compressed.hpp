// gzip and Zstandard, unpacked piece by piece.
//
//   compressed::source      a source of records (csv, ndjson) that is unpacked while it is read
//   compressed::unpack      the body of a flat_map: blocks of compressed bytes in, blocks of plain bytes out
//   compressed::decoder     the same by hand, without I/O
//
// Several members (gzip) or frames (Zstandard) behind one another are one stream, as `cat a.gz b.gz` makes it; zeros
// behind the last member, as tapes leave them, are stepped over. Memory does not grow with the input: a decoder holds
// its window, which is 32 KiB for gzip, and for Zstandard what the frame was written with, at most `most_window`.
// Everything is checked as far as the format allows (gzip: checksum and length; Zstandard: checksum, where it was
// written with one); what was unpacked before the fault was found has been given out by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <penstock/base/stop.hpp>
#include <penstock/connectors/files.hpp>

namespace penstock::compressed {

enum class format : std::uint8_t {
  plain,  ///< not compressed
  gzip,
  zstd,
};

/// How many bytes decide on the format.
inline constexpr std::size_t magic_bytes = 4;

/// By the first bytes; fewer than `magic_bytes` are all there are.
format format_of(std::string_view first_bytes) noexcept;

/// By the name: what `.gz`, `.zst` or `.zstd` at its end promises.
format promised_by(std::string_view name) noexcept;

enum class errc : std::uint8_t {
  truncated,  ///< the bytes end in the middle of a member or frame
  corrupt,    ///< they are not of the format, or a checksum differs
  too_large,  ///< a frame asks for a window above `most_window`
};

class error : public std::runtime_error {
 public:
  error(errc cause, const std::string& sentence) : std::runtime_error(sentence), cause_(cause) {}
  [[nodiscard]] errc cause() const noexcept { return cause_; }

 private:
  errc cause_;
};

/// The largest window of a Zstandard frame that is unpacked: what `zstd` itself takes without being told otherwise.
inline constexpr std::size_t most_window = std::size_t{128} << 20;

namespace detail {
class codec;
}  // namespace detail

/// Never waits. Fails with `error`, whose sentence begins with the name; afterwards it must not be called again. One
/// thread at a time.
class decoder {
 public:
  /// `plain` passes the bytes on as they are.
  decoder(format how, std::string name);
  decoder(decoder&&) noexcept;
  decoder& operator=(decoder&&) noexcept;
  ~decoder();

  struct progress {
    std::size_t taken;  ///< of the input
    std::size_t given;  ///< at the front of the output
  };
  /// Unpacks until the input is taken or the output is full. There may be more to come without further input if the
  /// output was filled.
  progress decode(std::string_view in, std::span<char> out);

  /// The input has ended: throws `truncated` if that is in the middle of something.
  void end() const;

 private:
  std::unique_ptr<detail::codec> codec_;
};

/// A source whose bytes are those of `from`, unpacked if their first bytes say that they are compressed; a name that
/// promises so and bytes that do not are `corrupt`. May wait as `from` does, and a stop ends such a wait. Reads fail
/// with `error` or `std::system_error`. For csv::blocks, ndjson::blocks and whoever reads from a `files::source`.
files::source source(const files::source& from);

/// Lasts no longer than the body that returned it.
class plain_blocks;

/// The body of a flat_map of one worker, over the blocks of one compressed stream, `files::chunks` for example: gives
/// plain blocks of `bytes` bytes or fewer, made while they are taken, so that memory stays flat however well the stream
/// was compressed. The format is that of the first bytes. Never waits; fails with `error`. Its `finish`, which
/// `per_worker([] { return compressed::unpack(); })` calls, finds a stream that was cut off.
class unpack {
 public:
  explicit unpack(std::string name = "the compressed stream", std::size_t bytes = std::size_t{256} << 10);
  plain_blocks operator()(std::string block);

  template <class Context>
  void finish(Context& /*run*/) {
    end();
  }
  /// The same by hand.
  void end();

 private:
  std::string name_;
  std::size_t bytes_;
  std::string held_;  // first bytes, too few to tell the format
  std::shared_ptr<decoder> decoder_;
};

class plain_blocks {
 public:
  class iterator {
   public:
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    explicit iterator(plain_blocks& from) : from_(&from) {}
    std::string& operator*() const noexcept { return from_->current_; }
    iterator& operator++() {
      from_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return from_->current_.empty(); }

   private:
    plain_blocks* from_;
  };

  iterator begin() {
    next();
    return iterator(*this);
  }
  [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

 private:
  friend class unpack;
  plain_blocks(std::shared_ptr<decoder> how, std::string packed, std::size_t bytes)
      : decoder_(std::move(how)), packed_(std::move(packed)), bytes_(bytes) {}
  void next();

  std::shared_ptr<decoder> decoder_;  // null: nothing can be unpacked yet
  std::string packed_;
  std::size_t at_ = 0;
  std::size_t bytes_;
  std::string current_;
};

}  // namespace penstock::compressed
