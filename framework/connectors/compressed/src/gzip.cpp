#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "codec.hpp"

namespace penstock::compressed::detail {
namespace {

class gzip_codec final : public codec {
 public:
  explicit gzip_codec(std::string name) : codec(std::move(name)) {
    // 16 beside the window's bits: gzip members, whose checksum and length zlib then compares.
    if (::inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) throw std::bad_alloc();
  }
  ~gzip_codec() override { ::inflateEnd(&stream_); }

  decoder::progress decode(std::string_view in, std::span<char> out) override {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    const auto in_size = static_cast<uInt>(std::min(in.size(), most));
    const auto out_size = static_cast<uInt>(std::min(out.size(), most));
    // zlib takes its input without const and does not write to it.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = in_size;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = out_size;
    while (stream_.avail_out > 0 && (stream_.avail_in > 0 || state_ == state::inside)) {
      if (state_ == state::between && !begin_member()) break;
      const int rc = ::inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_STREAM_END) {
        state_ = state::between;
      } else if (rc == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (rc == Z_BUF_ERROR) {
        break;  // it wants more input, or room
      } else if (rc != Z_OK) {
        fail(errc::corrupt,
             std::string("holds damaged gzip data: ") + (stream_.msg != nullptr ? stream_.msg : "unknown"));
      }
    }
    return {in_size - stream_.avail_in, out_size - stream_.avail_out};
  }

  void end() const override {
    if (state_ == state::inside) fail_truncated("gzip");
  }

 private:
  enum class state : std::uint8_t {
    between,  ///< members, or before the first
    inside,   ///< a member
  };

  // False: there are only zeros.
  bool begin_member() {
    if (begun_) {
      if (*stream_.next_in == 0) zeros_ = true;
      while (zeros_ && stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        --stream_.avail_in;
      }
      if (stream_.avail_in == 0) return false;
      if (zeros_ || *stream_.next_in != 0x1f) fail(errc::corrupt, "goes on behind its gzip data with something else");
      ::inflateReset(&stream_);
    }
    begun_ = true;
    state_ = state::inside;
    return true;
  }

  z_stream stream_{};
  state state_ = state::between;
  bool begun_ = false;
  bool zeros_ = false;
};

}  // namespace

std::unique_ptr<codec> codec::gzip(std::string name) { return std::make_unique<gzip_codec>(std::move(name)); }

}  // namespace penstock::compressed::detail
