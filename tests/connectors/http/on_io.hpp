// Coroutines that are run to their end.
#pragma once

#include <boost/asio.hpp>
#include <exception>
#include <filesystem>
#include <optional>
#include <penstock/connectors/http.hpp>
#include <string>
#include <utility>

namespace penstock::test {

/// Runs `task` on a context and returns what it gives, or throws what it throws.
template <class T>
T run_on(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  std::optional<T> value;
  std::exception_ptr error;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, T v) {
    error = e;
    if (!e) value.emplace(std::move(v));
  });
  io.restart();
  io.run();
  if (error) std::rethrow_exception(error);
  return std::move(value.value());
}

inline void run_on(boost::asio::io_context& io, boost::asio::awaitable<void> task) {
  std::exception_ptr error;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr e) { error = e; });
  io.restart();
  io.run();
  if (error) std::rethrow_exception(error);
}

/// The kind of `http::error` that `call` throws; nothing if it throws none.
template <class F>
std::optional<http::errc> kind_of(F&& call) {
  try {
    call();
  } catch (const http::error& e) {
    return e.kind();
  }
  return std::nullopt;
}

/// Threads of this process.
inline std::size_t threads_here() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

}  // namespace penstock::test
