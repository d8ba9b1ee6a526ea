// By hand: a co_spawn per item on an io_context with one thread, and each that ends starts the next.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "waits/waits.hpp"

namespace {

class items_by_hand {
 public:
  explicit items_by_hand(const bench::waits::question& asked) : asked_(asked) {
    for (std::uint64_t i = 0; i < asked.waits; ++i) start_next();
  }

  bench::answer run() {
    io_.run();
    return seen_;
  }

 private:
  void start_next() {
    if (next_ == asked_.n) return;
    boost::asio::co_spawn(io_, bench::waits::wait_and_pass(bench::value(next_++), asked_.pause),
                          [this](const std::exception_ptr& failure, std::uint64_t item) {
                            if (failure) std::rethrow_exception(failure);
                            seen_.add(item);
                            start_next();
                          });
  }

  boost::asio::io_context io_{1};
  bench::answer seen_;
  std::uint64_t next_ = 0;
  bench::waits::question asked_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::waits::compete(argc, argv,
                               [](const bench::waits::question& asked) { return items_by_hand(asked).run(); });
}
