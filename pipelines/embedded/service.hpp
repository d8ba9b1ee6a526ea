// A TCP service of lines, as many programs have one; knows pipelines only through what it puts into a queue and what it
// runs for a request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include <penstock/penstock.hpp>

namespace embedded {

/// Clients send lines: `add NUMBER…` is answered with `sum NUMBER`, by a run of its own; everything else is a sample
/// and goes into the queue, unanswered. Everything of the service happens on its strand.
class service {
 public:
  using tcp = boost::asio::ip::tcp;

  /// Listens on loopback; `port` 0 takes any. All arguments must outlive the service. Throws what the socket throws.
  service(boost::asio::io_context& io, penstock::runtime& machinery, penstock::queue<std::string>& lines,
          std::uint16_t port);

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void start();

  /// No more connections and no more lines; what was accepted is in the queue. Any thread, never waits.
  void stop();

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(std::shared_ptr<tcp::socket> client);
  boost::asio::awaitable<std::string> answer(std::string numbers);

  boost::asio::strand<boost::asio::io_context::executor_type> strand_;
  tcp::acceptor acceptor_;
  penstock::runtime& machinery_;
  penstock::queue<std::string>& lines_;
  std::set<std::shared_ptr<tcp::socket>> clients_;
};

}  // namespace embedded
