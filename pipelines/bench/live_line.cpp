#include "live_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "quantities.hpp"

namespace bench {
namespace {

void write_quietly(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Whether an edge is one of the queues between producers and consumers, not before or after them.
bool is_queue(const penstock::edge_report& edge) {
  return edge.from != turns_stage && edge.from != produce_rate_stage && edge.from != consume_rate_stage;
}

std::string bar(const penstock::edge_report& edge) {
  constexpr std::size_t most = 20;
  const auto width = std::min(edge.capacity, most);
  const auto full = edge.capacity == 0 ? 0 : (edge.size * width + edge.capacity - 1) / edge.capacity;
  return '[' + std::string(std::min(full, width), '#') + std::string(width - std::min(full, width), '.') + ']';
}

}  // namespace

live_line::live_line(live_choice choice) : form_(form::nothing) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (terminal && choice != live_choice::never) form_ = form::redrawn;
  if (!terminal && choice == live_choice::always) form_ = form::lines;
}

penstock::duration live_line::pace() const noexcept {
  switch (form_) {
    case form::nothing: return penstock::duration::max();
    case form::redrawn: return std::chrono::milliseconds(200);
    case form::lines: return std::chrono::seconds(1);
  }
  return penstock::duration::max();
}

void live_line::begin(std::string prefix) {
  prefix_ = std::move(prefix);
  samples_.assign(1, sample{});
}

std::string live_text(const penstock::report& now, penstock::duration since, std::uint64_t produced_since,
                      std::uint64_t consumed_since) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{:.1f} s", seconds_of(now.elapsed));
  const auto queues = std::count_if(now.edges.begin(), now.edges.end(), is_queue);
  fmt::format_to(out, "  queue{}", queues == 1 ? "" : "s");
  std::size_t capacity = 0;
  for (const auto& edge : now.edges) {
    if (!is_queue(edge)) continue;
    capacity = edge.capacity;
    if (queues == 1) {
      fmt::format_to(out, " {} {}/{}", bar(edge), edge.size, edge.capacity);
    } else {
      fmt::format_to(out, " {}", edge.size);
    }
  }
  if (queues > 1) fmt::format_to(out, " of {}", capacity);
  const double time = std::max(seconds_of(since), 1e-9);
  fmt::format_to(out, "  produced {}/s  consumed {}/s", amount(static_cast<double>(produced_since) / time),
                 amount(static_cast<double>(consumed_since) / time));
  if (now.stop_requested) text += "  (ending)";
  return text;
}

void live_line::show(const penstock::report& now) {
  if (form_ == form::nothing) return;
  const sample current{now.elapsed, now.stage(produce_stage).emitted, now.stage(consume_stage).done};
  // Over two seconds, so that slow rates do not jump; the oldest sample is just older than that.
  while (samples_.size() > 1 && samples_[1].at + std::chrono::seconds(2) <= now.elapsed) samples_.pop_front();
  const auto& then = samples_.front();
  auto text = prefix_ +
              live_text(now, current.at - then.at, current.produced - then.produced, current.consumed - then.consumed);
  samples_.push_back(current);
  if (form_ == form::lines) {
    write_quietly(text + '\n');
    return;
  }
  text.resize(std::min(text.size(), terminal_width() - 1));  // a line that wraps could not be drawn over
  write_quietly('\r' + text + "\x1b[K");
}

void live_line::finish() {
  if (form_ == form::redrawn) write_quietly("\r\x1b[K");
}

}  // namespace bench
