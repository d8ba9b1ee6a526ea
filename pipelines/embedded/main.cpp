// An Asio program with its own context and threads, which gains two pipelines: the runtime borrows the context and
// brings only its CPU workers.
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "pipeline.hpp"
#include "service.hpp"

int main(int argc, char** argv) try {
  CLI::App app("A service of lines on loopback: 'NAME AMOUNT' is booked, 'add NUMBER...' is answered.");
  std::uint16_t port = 0;
  app.add_option("--port", port, "The TCP port; 0 takes any that is free")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  boost::asio::io_context io(2);
  penstock::runtime machinery({.cpu_workers = 2, .io = &io});
  penstock::queue<std::string> lines(256);
  embedded::totals book;

  embedded::service server(io, machinery, lines, port);
  const auto run = machinery.start(embedded::ingest(lines, book));
  server.start();
  std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;

  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (!error) server.stop();
  });
  // Keeps the context busy until everything that was accepted has been booked.
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        const auto last = co_await run.async_wait();
        std::cout << last;
      },
      [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });

  std::thread second([&io] { io.run(); });
  io.run();
  second.join();
  for (const auto& [name, total] : book) std::cout << name << " " << total << "\n";
  return run.report().ok() ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << "penstock-embedded: " << e.what() << "\n";
  return 1;
}
