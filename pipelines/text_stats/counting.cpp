#include "counting.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "counter.hpp"

namespace text_stats {
namespace {

namespace files = penstock::files;

// A file of any size has a few thousand pieces at most.
constexpr std::uint64_t most_pieces = 4096;

// Counts the bytes from `begin` to `end` of the file in steps of a buffer, which `read(offset, into)` fills.
template <class Read, class Stopped>
std::optional<piece_counts> count_between(std::uint64_t begin, std::uint64_t end, std::vector<char>& buffer, Read read,
                                          Stopped stopped) {
  buffer.resize(buffer_bytes);
  piece_counts all;
  while (begin < end) {
    if (stopped()) return std::nullopt;
    const std::uint64_t before = std::min<std::uint64_t>(begin, border);
    const auto wanted = std::min<std::uint64_t>(before + (end - begin) + border, buffer.size());
    const std::size_t got = read(begin - before, std::span<char>(buffer.data(), wanted));
    if (got <= before) break;  // it has become shorter
    const bool at_end_of_file = got < wanted;
    // The last bytes of a full buffer may begin a character that ends beyond it; they come again.
    const std::uint64_t here = at_end_of_file ? got - before : got - before - border;
    const auto now = std::min(end - begin, here);
    all.append(count({buffer.data(), got}, before, before + now));
    begin += now;
    if (at_end_of_file) break;
  }
  return all;
}

}  // namespace

looked_at small_file_counter::operator()(files::opened_file& file) {
  if (file.size() > piece_bytes) return {.sum = {}, .large = file.size()};
  buffer_.resize(buffer_bytes);
  // One read is all that most files need.
  const auto got = file.read(buffer_);
  if (got < buffer_.size()) return {.sum = count({buffer_.data(), got}).sum, .large = {}};
  // More than a buffer, and perhaps without an end that is known (below /proc the size is 0).
  const auto read = [&](std::uint64_t offset, std::span<char> into) { return file.read_at(offset, into); };
  return {.sum = count_between(0, UINT64_MAX - buffer_bytes, buffer_, read, [] { return false; })->sum, .large = {}};
}

large_file::large_file(std::string path, std::uint64_t size, std::uint64_t bytes_each)
    : path_(std::move(path)),
      size_(size),
      piece_bytes_(bytes_each),
      counted_(static_cast<std::size_t>((size + bytes_each - 1) / bytes_each)),
      left_(counted_.size()) {}

std::shared_ptr<const files::opened_file> large_file::file() {
  const std::lock_guard lock(mutex_);
  if (!file_ && !failure_) file_ = std::make_shared<const files::opened_file>(path_);
  return file_;
}

bool large_file::count_piece(std::size_t number, std::vector<char>& buffer, const penstock::stop_token& stop) {
  try {
    if (const auto from = file()) {
      const auto begin = number * piece_bytes_;
      const auto read = [&](std::uint64_t offset, std::span<char> into) { return from->read_at(offset, into); };
      const auto sum = count_between(begin, std::min(begin + piece_bytes_, size_), buffer, read,
                                     [&] { return stop.stop_requested(); });
      if (!sum) return false;
      counted_[number] = *sum;
    }
  } catch (const std::system_error& e) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = files::file_failure{e.code(), e.what()};
    file_.reset();
  }
  return true;
}

std::optional<file_counts> large_file::result() {
  // Acquires what the others counted.
  if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return std::nullopt;
  const std::lock_guard lock(mutex_);
  file_.reset();
  if (failure_) return file_counts(path_, *failure_);
  piece_counts all;
  for (const auto& next : counted_) all.append(next);
  return file_counts(path_, all.sum);
}

std::vector<task> split(std::vector<files::file_result<looked_at>> batch) {
  std::vector<file_counts> ready;
  ready.reserve(batch.size());
  std::vector<task> items(1);
  for (auto& one : batch) {
    if (!one) {
      ready.emplace_back(one.path(), one.failure());
    } else if (!one->large) {
      ready.emplace_back(one.path(), one->sum);
    } else {
      const auto size = *one->large;
      auto file = std::make_shared<large_file>(one.path(), size, std::max(piece_bytes, size / most_pieces + 1));
      for (std::size_t i = 0; i < file->pieces(); ++i) items.emplace_back(piece{file, i});
    }
  }
  items.front() = std::move(ready);
  return items;
}

std::vector<file_counts> piece_counter::operator()(task item, penstock::context& run) {
  if (auto* const ready = std::get_if<std::vector<file_counts>>(&item)) return std::move(*ready);
  const auto& [file, number] = std::get<piece>(item);
  std::vector<file_counts> results;
  if (file->count_piece(number, buffer_, run.stop_token()))
    if (auto whole = file->result()) results.push_back(std::move(*whole));
  return results;
}

}  // namespace text_stats
