// Finds out whether somebody runs a context that is not ours.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

namespace penstock::detail {

/// Posts a handler that does nothing, and looks later whether it has run. Keeps no context alive; a context that is
/// destroyed first is asked no more. Never waits. Of one thread at a time.
class context_probe {
 public:
  explicit context_probe(boost::asio::io_context& io);

  /// Asks, unless a question is still open.
  void ask() noexcept;

  /// Asked, and not answered yet.
  [[nodiscard]] bool is_open() const noexcept;

  struct question;

 private:
  std::shared_ptr<question> question_;
};

}  // namespace penstock::detail
