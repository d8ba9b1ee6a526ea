// Stands between a client and the server, and ends the connection at a COMMIT: before the server has it, or after, with
// the server's answer in hand. For one connection, without TLS.
#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::test {

class relay {
 public:
  enum class cuts : std::uint8_t { the_commit, the_answer };

  relay(boost::asio::any_io_executor on, int server, cuts what)
      : ends_(std::make_shared<both_ends>(std::move(on), server, what)) {
    boost::asio::co_spawn(ends_->acceptor.get_executor(), run(ends_), boost::asio::detached);
  }

  [[nodiscard]] std::string conninfo(const std::string& user, const std::string& password) const {
    return "host=127.0.0.1 dbname=postgres sslmode=disable gssencmode=disable user=" + user + " password=" + password +
           " port=" + std::to_string(ends_->acceptor.local_endpoint().port());
  }

 private:
  using tcp = boost::asio::ip::tcp;

  struct both_ends {
    both_ends(boost::asio::any_io_executor on, int to, cuts at)
        : acceptor(on, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          client(on),
          server(on),
          server_port(static_cast<std::uint16_t>(to)),
          what(at) {}
    void close() {
      boost::system::error_code ignored;
      client.close(ignored);
      server.close(ignored);
    }
    tcp::acceptor acceptor;
    tcp::socket client;
    tcp::socket server;
    std::uint16_t server_port;
    cuts what;
    bool committing = false;
  };

  static boost::asio::awaitable<void> run(std::shared_ptr<both_ends> ends) {
    co_await ends->acceptor.async_accept(ends->client, boost::asio::use_awaitable);
    const tcp::endpoint server(boost::asio::ip::address_v4::loopback(), ends->server_port);
    co_await ends->server.async_connect(server, boost::asio::use_awaitable);
    boost::asio::co_spawn(ends->client.get_executor(), answers(ends), boost::asio::detached);
    std::array<char, 8192> buffer;
    for (;;) {
      const std::size_t n =
          co_await ends->client.async_read_some(boost::asio::buffer(buffer), boost::asio::use_awaitable);
      const std::string_view bytes(buffer.data(), n);
      ends->committing = bytes.find("COMMIT") != std::string_view::npos;
      if (ends->committing && ends->what == cuts::the_commit) co_return ends->close();
      co_await boost::asio::async_write(ends->server, boost::asio::buffer(bytes), boost::asio::use_awaitable);
    }
  }

  static boost::asio::awaitable<void> answers(std::shared_ptr<both_ends> ends) {
    std::array<char, 8192> buffer;
    for (;;) {
      const std::size_t n =
          co_await ends->server.async_read_some(boost::asio::buffer(buffer), boost::asio::use_awaitable);
      if (ends->committing) co_return ends->close();
      co_await boost::asio::async_write(ends->client, boost::asio::buffer(buffer.data(), n),
                                        boost::asio::use_awaitable);
    }
  }

  std::shared_ptr<both_ends> ends_;
};

}  // namespace penstock::test
