#include "status_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace common {
namespace {

void write_quietly(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

status_line::status_line(progress_choice choice, penstock::duration pace_elsewhere) : elsewhere_(pace_elsewhere) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (terminal && choice != progress_choice::never) form_ = form::redrawn;
  if (!terminal && choice == progress_choice::always) form_ = form::lines;
}

penstock::duration status_line::pace() const noexcept {
  switch (form_) {
    case form::nothing: return penstock::duration::max();
    case form::redrawn: return std::chrono::milliseconds(200);
    case form::lines: return elsewhere_;
  }
  return penstock::duration::max();
}

void status_line::show(std::string text) {
  if (form_ == form::nothing) return;
  if (form_ == form::lines) return write_quietly(text + '\n');
  text.resize(std::min(text.size(), terminal_width() - 1));  // a line that wraps could not be drawn over
  write_quietly('\r' + text + "\x1b[K");
}

void status_line::finish(const std::string& text) {
  if (form_ == form::redrawn) write_quietly("\r\x1b[K");
  if (form_ == form::lines) write_quietly(text + '\n');
}

}  // namespace common
