#include <penstock/connectors/compressed.hpp>

#include <algorithm>
#include <cstring>

#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/input.hpp>
#include "codec.hpp"

namespace penstock::compressed {
namespace {

constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
// A frame that a decoder steps over: any low half of the first byte.
constexpr unsigned char skippable_first = 0x50;
constexpr std::string_view skippable_rest = "\x2a\x4d\x18";

constexpr std::size_t packed_bytes = std::size_t{128} << 10;

// Whether more bytes could still make it a magic number.
bool undecided(std::string_view first) noexcept {
  if (first.size() >= magic_bytes) return false;
  const auto begins = [&](std::string_view magic) { return first.size() < magic.size() && magic.starts_with(first); };
  if (begins(gzip_magic) || begins(zstd_magic)) return true;
  return (static_cast<unsigned char>(first.front()) & 0xf0U) == skippable_first &&
         skippable_rest.starts_with(first.substr(1));
}

class plain_codec final : public detail::codec {
 public:
  using codec::codec;
  decoder::progress decode(std::string_view in, std::span<char> out) override {
    const auto size = std::min(in.size(), out.size());
    if (size > 0) std::memcpy(out.data(), in.data(), size);
    return {size, size};
  }
  void end() const override {}
};

format settled(std::string_view first, const std::string& name) {
  const auto found = format_of(first);
  const auto promised = promised_by(name);
  if (found == format::plain && promised != format::plain)
    throw error(errc::corrupt,
                name + " is no " + (promised == format::gzip ? "gzip" : "zstd") + " data, though its name says so");
  return found;
}

// Opens nothing before its first call, so that a copy which was not called is a source of its own.
class unpacking_source {
 public:
  explicit unpacking_source(files::source from) : from_(std::move(from)) {}

  std::optional<std::size_t> operator()(std::span<char> into, const stop_token& stop) {
    if (!open_) open_ = std::make_shared<position>(from_);
    return open_->read(into, stop);
  }

 private:
  struct position {
    explicit position(const files::source& from)
        : input(from), name(from.name == "-" && !from.is_function() ? "standard input" : from.name) {}

    // Nothing: a stop.
    std::optional<std::size_t> read(std::span<char> into, const stop_token& stop) {
      for (;;) {
        if (how) {
          const auto step = how->decode(packed, into);
          packed.remove_prefix(step.taken);
          if (step.given > 0) return step.given;
          if (packed.empty() && ended) {
            how->end();
            return 0;
          }
        }
        if (!more(stop)) return std::nullopt;
        if (how || (!ended && undecided(packed))) continue;
        if (packed.empty()) return 0;
        how.emplace(settled(packed.substr(0, magic_bytes), name), name);
      }
    }

    // Fetches what follows `packed`. False: a stop came first.
    bool more(const stop_token& stop) {
      if (buffer.empty()) buffer.resize(packed_bytes);
      const auto kept = packed.size();
      if (kept > 0) std::memmove(buffer.data(), packed.data(), kept);
      const auto came = input.read(std::span(buffer).subspan(kept), stop);
      packed = std::string_view(buffer).substr(0, kept + came.value_or(0));
      ended = came && *came == 0;
      return came.has_value();
    }

    files::detail::input input;
    std::string name;
    std::string buffer;
    std::string_view packed;  // in buffer: what was read and not unpacked
    bool ended = false;
    std::optional<decoder> how;
  };

  files::source from_;
  std::shared_ptr<position> open_;
};

}  // namespace

format format_of(std::string_view first) noexcept {
  if (first.starts_with(gzip_magic)) return format::gzip;
  if (first.starts_with(zstd_magic)) return format::zstd;
  if (first.size() >= magic_bytes && (static_cast<unsigned char>(first.front()) & 0xf0U) == skippable_first &&
      first.substr(1).starts_with(skippable_rest))
    return format::zstd;
  return format::plain;
}

format promised_by(std::string_view name) noexcept {
  if (name.ends_with(".gz")) return format::gzip;
  if (name.ends_with(".zst") || name.ends_with(".zstd")) return format::zstd;
  return format::plain;
}

std::unique_ptr<detail::codec> detail::codec::plain(std::string name) {
  return std::make_unique<plain_codec>(std::move(name));
}

decoder::decoder(format how, std::string name) {
  switch (how) {
    case format::plain: codec_ = detail::codec::plain(std::move(name)); break;
    case format::gzip: codec_ = detail::codec::gzip(std::move(name)); break;
    case format::zstd: codec_ = detail::codec::zstd(std::move(name)); break;
  }
}
decoder::decoder(decoder&&) noexcept = default;
decoder& decoder::operator=(decoder&&) noexcept = default;
decoder::~decoder() = default;

decoder::progress decoder::decode(std::string_view in, std::span<char> out) { return codec_->decode(in, out); }

void decoder::end() const { codec_->end(); }

files::source source(const files::source& from) {
  return {from.name, files::stoppable_read_function(unpacking_source(from))};
}

unpack::unpack(std::string name, std::size_t bytes) : name_(std::move(name)), bytes_(bytes) {
  if (bytes == 0) throw declaration_error("compressed::unpack: bytes is 0, so a block could never hold any");
}

plain_blocks unpack::operator()(std::string block) {
  if (!decoder_) {
    held_ += block;
    if (held_.empty() || undecided(held_)) return {nullptr, {}, bytes_};
    decoder_ = std::make_shared<decoder>(settled(std::string_view(held_).substr(0, magic_bytes), name_), name_);
    block = std::exchange(held_, {});
  }
  return {decoder_, std::move(block), bytes_};
}

void unpack::end() {
  if (decoder_) return decoder_->end();
  if (!held_.empty()) throw error(errc::truncated, name_ + " ends in its first bytes");
}

void plain_blocks::next() {
  current_.clear();
  if (!decoder_) return;
  current_.resize(bytes_);
  std::size_t have = 0;
  while (have < bytes_) {
    const auto step = decoder_->decode(std::string_view(packed_).substr(at_), std::span(current_).subspan(have));
    at_ += step.taken;
    have += step.given;
    if (step.given == 0 && (step.taken == 0 || at_ == packed_.size())) break;
  }
  current_.resize(have);
}

}  // namespace penstock::compressed
