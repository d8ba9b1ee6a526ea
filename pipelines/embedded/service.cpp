#include "service.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <sstream>
#include <utility>
#include <vector>

#include "pipeline.hpp"

namespace embedded {

namespace asio = boost::asio;

service::service(asio::io_context& io, penstock::runtime& machinery, penstock::queue<std::string>& lines,
                 std::uint16_t port)
    : strand_(asio::make_strand(io)),
      acceptor_(strand_, {asio::ip::address_v4::loopback(), port}),
      machinery_(machinery),
      lines_(lines) {}

void service::start() { asio::co_spawn(strand_, accept(), asio::detached); }

void service::stop() {
  asio::post(strand_, [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& client : clients_) client->close(ignored);
    lines_.close();
  });
}

asio::awaitable<void> service::accept() {
  while (acceptor_.is_open()) {
    auto client = std::make_shared<tcp::socket>(strand_);
    try {
      co_await acceptor_.async_accept(*client, asio::use_awaitable);
    } catch (const boost::system::system_error&) {
      continue;  // the client is gone already, or the service stops
    }
    clients_.insert(client);
    asio::co_spawn(strand_, serve(client), [this, client](std::exception_ptr) { clients_.erase(client); });
  }
}

asio::awaitable<void> service::serve(std::shared_ptr<tcp::socket> client) {
  constexpr std::size_t longest_line = 65536;
  std::string received;
  // Ends by the exception of a read at the end of the connection, or of a put when the service stops.
  for (;;) {
    const auto size = co_await asio::async_read_until(*client, asio::dynamic_buffer(received, longest_line), '\n',
                                                      asio::use_awaitable);
    std::string line = received.substr(0, size - 1);
    received.erase(0, size);
    if (line.rfind("add ", 0) == 0) {
      auto numbers = line.substr(4);
      const auto reply = co_await answer(std::move(numbers));
      co_await asio::async_write(*client, asio::buffer(reply), asio::use_awaitable);
    } else {
      co_await lines_.async_put(std::move(line));
    }
  }
}

asio::awaitable<std::string> service::answer(std::string words) {
  std::vector<double> numbers;
  std::istringstream in(words);
  for (double number = 0; in >> number;) numbers.push_back(number);
  if (!in.eof()) co_return "error: only numbers can be added\n";

  double sum = 0;
  const auto request = add_up(std::move(numbers), sum);
  penstock::run_options limits;
  limits.drain_within = std::chrono::seconds(2);
  const auto report = co_await machinery_.async_run(request, limits, asio::use_awaitable);
  if (!report.ok()) co_return "error: not added up\n";
  std::ostringstream out;
  out << "sum " << sum << "\n";
  co_return out.str();
}

}  // namespace embedded
