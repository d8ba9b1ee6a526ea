#include "progress_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "amounts.hpp"
#include "job.hpp"

namespace load {
namespace {

void write_quietly(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// What happened lately counts more, so that a stall shows; yet the figures do not jump.
double smoothed(double before, double now) { return before == 0 ? now : 0.8 * before + 0.2 * now; }

}  // namespace

progress_line::progress_line(progress_choice choice, const job& work) : work_(&work), form_(form::nothing) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (terminal && choice != progress_choice::never) form_ = form::redrawn;
  if (!terminal && choice == progress_choice::always) form_ = form::lines;
}

penstock::duration progress_line::pace() const noexcept {
  switch (form_) {
    case form::nothing: return penstock::duration::max();
    case form::redrawn: return std::chrono::milliseconds(200);
    case form::lines: return std::chrono::seconds(5);
  }
  return penstock::duration::max();
}

std::string progress_line::line(const penstock::report& live) {
  const auto total = static_cast<double>(work_->bytes->bytes_total.load(std::memory_order_relaxed));
  const auto bytes = static_cast<double>(work_->bytes->bytes_read.load(std::memory_order_relaxed));
  const auto rows = static_cast<double>(work_->rows.inserted.load(std::memory_order_relaxed));
  const double seconds = std::chrono::duration<double>(live.elapsed - last_at_).count();
  if (seconds > 0) {
    bytes_per_second_ = smoothed(bytes_per_second_, (bytes - last_bytes_) / seconds);
    rows_per_second_ = smoothed(rows_per_second_, (rows - last_rows_) / seconds);
  }
  last_at_ = live.elapsed;
  last_bytes_ = bytes;
  last_rows_ = rows;

  std::string text;
  const auto out = std::back_inserter(text);
  if (total > 0) fmt::format_to(out, "{:3.0f} %  ", std::min(100.0, 100 * bytes / total));
  fmt::format_to(out, "{} rows  {} rows/s  {}B/s", amount(rows), amount(rows_per_second_), amount(bytes_per_second_));
  if (total > 0 && bytes_per_second_ > 0 && !live.ended)
    fmt::format_to(out, "  {:.0f} s left", std::ceil(std::max(0.0, total - bytes) / bytes_per_second_));
  if (live.ended) return text;
  text += "  queues";
  for (const auto& edge : live.edges) fmt::format_to(out, " {}/{}", edge.size, edge.capacity);
  if (live.stop_requested) text += "  (stopping)";
  return text;
}

void progress_line::show(const penstock::report& live) {
  if (form_ == form::nothing) return;
  auto text = line(live);
  if (form_ == form::lines) {
    write_quietly(text + '\n');
    return;
  }
  text.resize(std::min(text.size(), terminal_width() - 1));  // a line that wraps could not be drawn over
  write_quietly('\r' + text + "\x1b[K");
}

void progress_line::finish(const penstock::report& last) {
  if (form_ == form::redrawn) write_quietly("\r\x1b[K");
  if (form_ == form::lines) write_quietly(line(last) + '\n');
}

}  // namespace load
