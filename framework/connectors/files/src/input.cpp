#include <penstock/connectors/detail/input.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stop_token>
#include <system_error>
#include <utility>

namespace penstock::files::detail {
namespace {

[[noreturn]] void fail(int error, const char* attempt, const std::string& name) {
  throw std::system_error(error, std::generic_category(), std::string("cannot ") + attempt + " '" + name + "'");
}

// A descriptor that becomes readable when a stop is requested.
class stop_event {
 public:
  stop_event() : descriptor_(::eventfd(0, EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
  }
  ~stop_event() { ::close(descriptor_); }
  stop_event(const stop_event&) = delete;
  stop_event& operator=(const stop_event&) = delete;

  void set() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

input::input(const source& from) : name_(from.name), function_(from.read), stoppable_(from.read_or_stop) {
  if (function_ || stoppable_) return;
  if (name_ == "-") {
    descriptor_ = STDIN_FILENO;
    name_ = "standard input";
  } else {
    // Opening a pipe waits for its writer and could not be stopped; so `read`, which can, waits instead.
    struct stat named{};
    no_writer_yet_ = ::stat(name_.c_str(), &named) == 0 && S_ISFIFO(named.st_mode);
    do descriptor_ = ::open(name_.c_str(), O_RDONLY | O_CLOEXEC | (no_writer_yet_ ? O_NONBLOCK : 0));
    while (descriptor_ < 0 && errno == EINTR);
    if (descriptor_ < 0) fail(errno, "open", name_);
    owns_ = true;
  }
  struct stat status{};
  const int error = ::fstat(descriptor_, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (error != 0) {
    if (owns_) ::close(descriptor_);
    fail(error, "read", name_);
  }
  if (S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    // Only advice: a file system that refuses it reads just as well.
    (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
}

input::input(input&& other) noexcept
    : name_(std::move(other.name_)),
      function_(std::move(other.function_)),
      stoppable_(std::move(other.stoppable_)),
      descriptor_(other.descriptor_),
      owns_(std::exchange(other.owns_, false)),
      no_writer_yet_(other.no_writer_yet_),
      size_(other.size_) {}

input::~input() {
  if (owns_) ::close(descriptor_);
}

void input::will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (!size_ || offset >= *size_) return;
  (void)::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(std::min(bytes, *size_ - offset)),
                        POSIX_FADV_WILLNEED);
}

input::wait_result input::wait_readable(const stop_token& stop) const {
  pollfd waits[2] = {{descriptor_, POLLIN, 0}, {-1, POLLIN, 0}};
  // Most reads find something, and then need no event to wait on.
  if (::poll(waits, 1, 0) > 0) return wait_result::readable;
  const stop_event event;
  const std::stop_callback on_stop(stop.std_token(), [&event] { event.set(); });
  waits[1].fd = event.descriptor();
  for (;;) {
    const int ready = ::poll(waits, 2, -1);
    if (ready < 0 && errno != EINTR) fail(errno, "wait for", name_);
    if (ready > 0) return waits[0].revents != 0 ? wait_result::readable : wait_result::stopped;
  }
}

std::optional<std::size_t> input::read(std::span<char> into, const stop_token& stop) {
  if (stoppable_) return stoppable_(into, stop);
  if (function_) return function_(into);
  const bool waits = no_writer_yet_ || (!size_ && stop.stop_possible());
  if (waits && wait_readable(stop) == wait_result::stopped) return std::nullopt;
  no_writer_yet_ = false;
  for (;;) {
    const auto got = ::read(descriptor_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) {
      wait_readable({});
    } else if (errno != EINTR) {
      fail(errno, "read", name_);
    }
  }
}

}  // namespace penstock::files::detail
