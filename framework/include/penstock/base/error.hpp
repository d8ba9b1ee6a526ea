// The words for what can go wrong, shared by every floor above.
//
// A *value* answers what you asked for (a queue that is empty, a wait that timed out); an *exception* carries what
// somebody else did (a queue closed with an error, a body that threw) or a call that breaks a rule.
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace penstock {

/// Why an operation had no effect, or why a rule was broken.
enum class errc {
  closed = 1,           ///< the queue takes no more items; whatever was put before can still be got
  cancelled,            ///< a stop was requested, or the other side went away; nothing happened
  timed_out,            ///< the deadline passed first; nothing happened
  full,                 ///< no room, and the caller asked not to wait
  task_done_too_often,  ///< more `task_done` than items were ever put
};

/// The category of `errc`; its name is "penstock".
inline const std::error_category& error_category() noexcept {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "penstock"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::closed: return "closed";
        case errc::cancelled: return "the operation was cancelled";
        case errc::timed_out: return "the deadline passed";
        case errc::full: return "the queue is full";
        case errc::task_done_too_often: return "task_done was called more often than items were put";
      }
      return "unknown penstock error";
    }
  };
  static const category instance;
  return instance;
}

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// Thrown where a value cannot say it: `code()` holds a `penstock::errc`.
class error : public std::system_error {
 public:
  explicit error(errc code) : std::system_error(make_error_code(code)) {}
  error(errc code, const std::string& what) : std::system_error(make_error_code(code), what) {}
};

/// A declaration that cannot work (zero workers, a stage named twice), refused before anything runs.
class declaration_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace penstock

template <>
struct std::is_error_code_enum<penstock::errc> : std::true_type {};
