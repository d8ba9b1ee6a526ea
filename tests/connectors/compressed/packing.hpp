// Packs what the tests unpack.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <penstock/connectors/compressed.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace penstock::test {

inline std::string gzip(std::string_view text) {
  z_stream stream{};
  if (::deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string packed(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

inline std::string zstd(std::string_view text, int window = 0) {
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window != 0) ::ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  if (window != 0) {
    // Without the size in its header a frame names its window.
    ::ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    ZSTD_inBuffer part{text.data(), text.size(), 0};
    ::ZSTD_compressStream2(context, &out, &part, ZSTD_e_continue);
    ::ZSTD_compressStream2(context, &out, &part, ZSTD_e_end);
    packed.resize(out.pos);
  } else {
    packed.resize(::ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
  }
  ::ZSTD_freeCCtx(context);
  return packed;
}

inline std::string some_text(std::size_t size, unsigned seed = 1) {
  std::mt19937 dice(seed);
  std::string text;
  while (text.size() < size) text += std::to_string(dice() % 1000) + (dice() % 5 == 0 ? "\n" : ",");
  text.resize(size);
  return text;
}

// How a format packs, for tests that hold for both.
struct packing {
  compressed::format format;
  std::string (*pack)(std::string_view);
  const char* suffix;
};

class both_formats : public testing::TestWithParam<packing> {};

inline const packing gzip_packing{compressed::format::gzip, [](std::string_view t) { return gzip(t); }, ".gz"};
inline const packing zstd_packing{compressed::format::zstd, [](std::string_view t) { return zstd(t); }, ".zst"};

inline std::string name_of_format(const testing::TestParamInfo<packing>& info) {
  return info.param.format == compressed::format::gzip ? "gzip" : "zstd";
}

template <class F>
compressed::error failure_to_unpack(F&& call) {
  try {
    call();
  } catch (const compressed::error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {compressed::errc::corrupt, ""};
}

}  // namespace penstock::test
