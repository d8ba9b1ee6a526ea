#include "server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace penstock::test {
namespace {

std::filesystem::path programs() {
  for (const char* const version : {"15", "16", "17", "18", "14"}) {
    std::filesystem::path folder = std::string("/usr/lib/postgresql/") + version + "/bin";
    if (std::filesystem::exists(folder / "initdb")) return folder;
  }
  throw std::runtime_error("these tests need a PostgreSQL server (on Debian: apt-get install postgresql)");
}

// A moment after this nobody has it, unless somebody is very quick.
int unused_port() {
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

struct descriptor {
  explicit descriptor(int is) : number(is) {
    if (is < 0) throw std::runtime_error("no descriptor to wait with");
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { ::close(number); }
  const int number;
};

}  // namespace

postgres_server::postgres_server() {
  const auto bin = programs();
  std::string name = (std::filesystem::temp_directory_path() / "penstock-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = name;
  if (const passwd* const owner = ::getpwnam("postgres"); ::geteuid() == 0 && owner != nullptr)
    if (::chown(name.c_str(), owner->pw_uid, owner->pw_gid) != 0) throw std::runtime_error("chown failed");
  port_ = unused_port();
  const std::string data = folder_ / "data";
  spawn(true, {bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
  std::ofstream(data + "/pg_hba.conf") << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  std::ofstream(data + "/postgresql.auto.conf", std::ios::app)
      << "fsync = off\nmax_connections = 30\nshared_buffers = 16MB\n"
      << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << folder_.string() << "'\nport = " << port_
      << "\nlogging_collector = off\ndynamic_shared_memory_type = mmap\n";
  start();
}

postgres_server::~postgres_server() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void postgres_server::launch() { spawn(false, {programs() / "postgres", "-D", (folder_ / "data").string()}); }

void postgres_server::start() {
  // Watched from before it begins, so that nothing is missed.
  const descriptor changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string data = folder_ / "data";
  if (::inotify_add_watch(changes.number, data.c_str(), IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
    throw std::runtime_error("the server's folder cannot be watched");
  launch();
  const descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_ready()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    std::array<pollfd, 2> either = {{{changes.number, POLLIN, 0}, {process.number, POLLIN, 0}}};
    const int woken = left > 0 ? ::poll(either.data(), either.size(), static_cast<int>(left)) : 0;
    if ((woken < 0 && errno != EINTR) || woken == 0 || either[1].revents != 0)
      throw std::runtime_error("the server does not start; its words are in " + (folder_ / "log").string());
    std::array<char, 4096> unread;
    while (::read(changes.number, unread.data(), unread.size()) > 0) {
    }
  }
}

// It writes its state into its lock file: its process on the first line, "ready" on the last.
bool postgres_server::is_ready() const {
  std::ifstream lock(folder_ / "data" / "postmaster.pid");
  std::string line;
  if (!std::getline(lock, line) || line != std::to_string(pid_)) return false;
  while (std::getline(lock, line))
    if (line.starts_with("ready")) return true;
  return false;
}

void postgres_server::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string postgres_server::conninfo() const {
  return "host=" + folder_.string() + " port=" + std::to_string(port_) + " user=postgres dbname=postgres";
}

std::string postgres_server::loopback(const std::string& user, const std::string& password) const {
  return "postgresql://" + user + ":" + password + "@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

void postgres_server::spawn(bool wait, std::initializer_list<std::string> command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* const owner = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  const std::string log = folder_ / "log";
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::close_range(3, ~0U, 0);
    // The server refuses to run as root.
    if (owner != nullptr &&
        (::setgroups(0, nullptr) != 0 || ::setgid(owner->pw_gid) != 0 || ::setuid(owner->pw_uid) != 0))
      ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which resets it
    if (::getppid() != parent || ::chdir("/") != 0) ::_exit(126);
    ::setenv("LC_ALL", "C", 1);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  if (child < 0) throw std::runtime_error("fork failed");
  if (!wait) {
    pid_ = child;
    return;
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error(std::string(arguments[0]) + " failed; its words are in " + log);
}

postgres_server& shared_server() {
  static postgres_server server;
  return server;
}

}  // namespace penstock::test
