// One look-up for each name: libcurl starts a thread for every look-up, and ten thousand requests that begin together
// would start ten thousand. So the first request to a host goes ahead, and the others wait until it has an address;
// after that libcurl remembers it, by name and port, and so does the gate.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/base/clock.hpp>

namespace penstock::http {

class transfer;

/// Rules only; not safe for concurrent use.
class name_gate {
 public:
  using waiting = std::vector<std::shared_ptr<transfer>>;

  /// True: it may go. False: parked; some `ended` or `resolved` will give it back.
  [[nodiscard]] bool enter(const std::shared_ptr<transfer>& t, time_point now);

  /// The pioneer has looked an address up. Who may go now.
  [[nodiscard]] waiting resolved(transfer& t, time_point now);

  /// The pioneer did not look one up: libcurl knew it, it needed none, or it was ended. Who may go now: one, as the
  /// next pioneer.
  [[nodiscard]] waiting passed(transfer& t);

  /// There is no address. Whom that concerns too.
  [[nodiscard]] waiting unresolved(transfer& t);

  void clear() { names_.clear(); }

 private:
  struct name {
    bool busy = false;  ///< a pioneer is on its way
    time_point fresh_until = time_point::min();
    std::deque<std::shared_ptr<transfer>> parked;
  };

  std::map<std::string, name, std::less<>> names_;  ///< by place
};

/// The host of a place that would have to be looked up; empty: an address, or this machine.
std::string_view name_to_look_up(std::string_view place) noexcept;

}  // namespace penstock::http
