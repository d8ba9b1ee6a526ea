// Many durations in little memory: how often which came, to a relative error that is known beforehand.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// Counts values in buckets whose width grows with the value, as HdrHistogram does: up to 255 each value has a bucket
/// of its own; above, an octave has 128. So a value is known to 1/128 (0.8 %), from 1 ns to 2^64 ns alike. `record`
/// costs a few instructions and never allocates; the buckets take 58 KiB. One thread at a time.
class histogram {
 public:
  /// The largest relative error of a quantile.
  static constexpr double precision = 1.0 / 128;

  histogram() : counts_(buckets) {}

  void record(std::uint64_t value) noexcept {
    ++counts_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  /// As if all that `other` has recorded had been recorded here.
  void add(const histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// Exact. 0 if nothing was recorded.
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The smallest value that at least this share (0 to 1) of all does not exceed, or up to `precision` more; never more
  /// than `max`. 0 if nothing was recorded.
  [[nodiscard]] std::uint64_t quantile(double share) const noexcept {
    const auto wanted =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(last_of(i), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned bits = 7;  ///< of a value, below its highest one, that a bucket tells apart
  static constexpr std::size_t each = std::size_t{1} << bits;
  static constexpr std::size_t buckets = (64 - bits + 1) * each;

  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned octave = width > bits + 1 ? width - bits - 1 : 0;
    return octave * each + static_cast<std::size_t>(value >> octave);
  }

  /// The largest value of a bucket.
  static constexpr std::uint64_t last_of(std::size_t bucket) noexcept {
    if (bucket < 2 * each) return bucket;
    const auto octave = bucket / each - 1;
    return ((bucket - octave * each + 1) << octave) - 1;  // of the last bucket: 0 - 1, which is right
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench
