// Real servers for tests: nginx, and one that misbehaves. Each lives as long as its object, on a port of its own.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/files/temp_folder.hpp"

extern char** environ;

namespace penstock::test {

/// A program that is started with a pipe at each end, and ended with its object.
class process {
 public:
  explicit process(std::vector<std::string> command) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (failed != 0) throw std::runtime_error(command[0] + " cannot be started; scripts/test installs it");
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    ::close(in_);
    ::close(out_);
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  /// One line of its output, without the line end.
  std::string line() {
    std::string text;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

/// A port that nobody listens at.
inline int unused_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(s, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port");
  ::close(s);
  return ntohs(address.sin_port);
}

inline void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

/// An authority of our own, and a certificate of it for localhost and 127.0.0.1; a second one that nobody vouches for.
class certificates {
 public:
  certificates() {
    std::ofstream(path("names")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 2>/dev/null ";
    run(make + "-subj /CN=penstock-ca -keyout " + path("ca.key") + " -out " + path("ca.pem"));
    run("openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout " + path("key.pem") + " -out " + path("csr") +
        " 2>/dev/null");
    run("openssl x509 -req -days 2 -in " + path("csr") + " -CA " + path("ca.pem") + " -CAkey " + path("ca.key") +
        " -CAcreateserial -extfile " + path("names") + " -out " + path("cert.pem") + " 2>/dev/null");
    run(make + "-subj /CN=localhost -keyout " + path("bad.key") + " -out " + path("bad.pem"));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Made once: that takes a second.
  static const certificates& shared() {
    static const certificates one;
    return one;
  }

 private:
  temp_folder folder_;
};

class fault_server {
 public:
  fault_server() : process_({"python3", "-B", script()}), port_(process_.line()) {}
  /// Over TLS, with a certificate.
  fault_server(const std::string& certificate, const std::string& key)
      : process_({"python3", "-B", script(), certificate, key}), port_(process_.line()) {}

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }
  [[nodiscard]] std::string secure_url() const { return "https://localhost:" + port_; }

 private:
  static std::string script() {
#ifdef HTTP_FAULT_SERVER
    return HTTP_FAULT_SERVER;
#else
    return std::filesystem::path(__FILE__).replace_filename("fault_server.py").string();
#endif
  }

  process process_;
  std::string port_;
};

/// nginx with a file of text, plain and over TLS with HTTP/2.
class nginx {
 public:
  nginx() : plain_(unused_port()), secure_(unused_port()) {
    const auto& made = certificates::shared();
    std::string text;
    for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i) + "\n";
    text_ = text;
    folder_.write("www/text.txt", text);
    folder_.write("www/small.json", R"({"answer": 42})");
    const std::string at = (folder_ / "").string();
    std::ofstream(folder_ / "nginx.conf")
        << "daemon off; worker_processes 1; pid " << at << "pid; error_log " << at << "error.log;\n"
        << (::geteuid() == 0 ? "user root;\n" : "") << "events { worker_connections 4096; }\n"
        << "http { access_log off; client_body_temp_path " << at << "a; proxy_temp_path " << at
        << "b; fastcgi_temp_path " << at << "c; uwsgi_temp_path " << at << "d; scgi_temp_path " << at << "e;\n"
        << " types { text/plain txt; application/json json; } gzip on; gzip_types text/plain; gzip_min_length 100;\n"
        << " server { listen 127.0.0.1:" << plain_ << " backlog=4096; root " << at << "www; }\n"
        << " server { listen 127.0.0.1:" << secure_ << " ssl http2; ssl_certificate " << made.path("cert.pem")
        << "; ssl_certificate_key " << made.path("key.pem") << "; root " << at << "www;\n"
        << "  location /protocol { default_type text/plain; return 200 $server_protocol; }\n"
        << "  location /connection { default_type text/plain; return 200 $connection; } } }\n";
    process_.emplace(std::vector<std::string>{"nginx", "-p", at, "-c", at + "nginx.conf", "-e", at + "error.log"});
    wait_for(plain_);
    wait_for(secure_);
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(plain_); }
  [[nodiscard]] std::string secure_url() const { return "https://localhost:" + std::to_string(secure_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  /// nginx does not say when it listens, so it is asked.
  void wait_for(int port) {
    for (int tries = 0; tries < 1000; ++tries) {
      const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      const bool there = ::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      ::close(s);
      if (there) return;
      ::usleep(10'000);
    }
    throw std::runtime_error("nginx does not listen");
  }

  temp_folder folder_;
  int plain_;
  int secure_;
  std::string text_;
  std::optional<process> process_;
};

}  // namespace penstock::test
