// Where the actor of an async stage runs: a strand of the I/O context. Everything of one stage happens on its strand.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <penstock/base/thread_role.hpp>
#include <penstock/flow/run_services.hpp>

namespace penstock::flow {

class io_home final : public executor {
 public:
  using strand_type = boost::asio::strand<boost::asio::io_context::executor_type>;

  explicit io_home(boost::asio::io_context& io) : strand_(boost::asio::make_strand(io)) {}

  void enqueue(actor& a) noexcept override {
    boost::asio::post(strand_, [this, &a] { run(a); });
  }

  [[nodiscard]] const strand_type& strand() const noexcept { return strand_; }

 private:
  void run(actor& a) noexcept {
    const thread_role_scope role(thread_role::io_worker);
    auto& services = a.run();
    turn t{this, services.now(), nullptr};
    if (activate_once(a, t)) {
      enqueue(a);
    } else {
      services.leave();
    }
  }

  strand_type strand_;
};

}  // namespace penstock::flow
