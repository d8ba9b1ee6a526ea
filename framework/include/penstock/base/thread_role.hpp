// What the calling thread is to us. A call that would block one of a runtime's own workers is refused, because the work
// it waits for might need that very thread.
#pragma once

#include <cstdint>
#include <system_error>

namespace penstock {

enum class thread_role : std::uint8_t {
  foreign,     ///< a thread of the user's, or a blocking worker of ours: may wait
  cpu_worker,  ///< runs stage bodies: must not wait
  io_worker,   ///< runs an I/O context: must not wait
};

namespace detail {
inline thread_local thread_role current_role = thread_role::foreign;
}  // namespace detail

/// The role of the calling thread. Never waits.
inline thread_role current_thread_role() noexcept { return detail::current_role; }

/// Gives the calling thread a role for the length of a scope. For runtimes only.
class thread_role_scope {
 public:
  explicit thread_role_scope(thread_role role) noexcept : before_(detail::current_role) { detail::current_role = role; }
  ~thread_role_scope() { detail::current_role = before_; }
  thread_role_scope(const thread_role_scope&) = delete;
  thread_role_scope& operator=(const thread_role_scope&) = delete;

 private:
  thread_role before_;
};

/// Throws `std::system_error(resource_deadlock_would_occur)` on a worker of a runtime; called first thing by every
/// blocking call, also where it could succeed at once, so that the mistake shows on the first run and not on a bad day.
inline void refuse_to_block_a_worker(const char* call) {
  if (detail::current_role != thread_role::foreign)
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur), call);
}

}  // namespace penstock
