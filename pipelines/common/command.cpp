#include "command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace common {

void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

outer_signals::outer_signals() : set_(context_, SIGINT, SIGTERM) {
  set_.async_wait([this](boost::system::error_code, int) { came_ = true; });
}

bool outer_signals::came() {
  context_.poll();
  return came_;
}

void complain(std::string_view program, std::string_view sentence) {
  fmt::memory_buffer line;
  fmt::format_to(fmt::appender(line), "{}: ", program);
  for (const char c : sentence) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(fmt::appender(line), "\\x{:02x}", byte);
    } else {
      line.push_back(c);
    }
  }
  line.push_back('\n');
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

}  // namespace common
