// A PostgreSQL server of the test's own: in a temporary directory, on a socket there and on loopback, gone with the
// test, also when that is killed. It does not wait for the disk, which only a power cut would notice.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace penstock::test {

class postgres_server {
 public:
  /// Made and started; throws std::runtime_error with a sentence when the distribution's server is not installed.
  postgres_server();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// Until it answers.
  void start();
  /// Does not wait for it. It ends with the thread that launched it.
  void launch();
  /// At once, without a word to its clients ("immediate" in the manual).
  void stop();

  /// As the superuser, over the socket, without a password.
  [[nodiscard]] std::string conninfo() const;
  [[nodiscard]] int port() const noexcept { return port_; }
  /// Over TCP, where a password is asked for.
  [[nodiscard]] std::string loopback(const std::string& user, const std::string& password) const;

 private:
  [[nodiscard]] bool is_ready() const;
  void spawn(bool wait, std::initializer_list<std::string> command);

  std::filesystem::path folder_;
  int port_ = 0;
  pid_t pid_ = 0;
};

/// One for all tests of a program that do not harm it.
postgres_server& shared_server();

}  // namespace penstock::test
