#include <zstd.h>
#include <zstd_errors.h>

#include <memory>
#include <new>
#include <utility>

#include "codec.hpp"

namespace penstock::compressed::detail {
namespace {

struct free_context {
  void operator()(ZSTD_DCtx* context) const noexcept { ::ZSTD_freeDCtx(context); }
};

class zstd_codec final : public codec {
 public:
  explicit zstd_codec(std::string name) : codec(std::move(name)), context_(::ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    static_assert(most_window == std::size_t{1} << 27U);
    ::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27);
  }

  decoder::progress decode(std::string_view in, std::span<char> out) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // A frame may still have to give out what was taken in before.
    while (to.pos < to.size && (from.pos < from.size || inside_)) {
      const auto taken = from.pos, given = to.pos;
      const auto rest = ::ZSTD_decompressStream(context_.get(), &to, &from);
      if (::ZSTD_isError(rest) != 0) refuse(::ZSTD_getErrorCode(rest), ::ZSTD_getErrorName(rest));
      inside_ = rest != 0;
      if (from.pos == taken && to.pos == given) break;
    }
    return {from.pos, to.pos};
  }

  void end() const override {
    if (inside_) fail_truncated("zstd");
  }

 private:
  [[noreturn]] void refuse(ZSTD_ErrorCode code, const char* words) const {
    if (code == ZSTD_error_memory_allocation) throw std::bad_alloc();
    if (code == ZSTD_error_frameParameter_windowTooLarge)
      fail(errc::too_large, "needs a window of more than 128 MiB to be unpacked");
    fail(errc::corrupt, std::string("holds damaged zstd data: ") + words);
  }

  std::unique_ptr<ZSTD_DCtx, free_context> context_;
  bool inside_ = false;  // of a frame
};

}  // namespace

std::unique_ptr<codec> codec::zstd(std::string name) { return std::make_unique<zstd_codec>(std::move(name)); }

}  // namespace penstock::compressed::detail
