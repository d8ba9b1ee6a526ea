// The faster loop that few write by hand: curl_multi_socket_action and epoll, handles used again and again.
#include <curl/curl.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

int set = -1;
long wait_ms = 0;

std::size_t keep(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

int on_socket(CURL*, curl_socket_t socket, int what, void* multi, void* known) {
  epoll_event event{};
  event.data.fd = socket;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(set, EPOLL_CTL_DEL, socket, &event);
    curl_multi_assign(multi, socket, nullptr);
    return 0;
  }
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  epoll_ctl(set, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
  curl_multi_assign(multi, socket, &set);
  return 0;
}

int on_timer(CURLM*, long ms, void*) {
  wait_ms = ms;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  long left = std::atol(argv[2]);
  const auto concurrency = static_cast<std::size_t>(std::atol(argv[3]));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  set = epoll_create1(0);
  CURLM* const multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &on_timer);
  std::vector<std::string> bodies(concurrency);
  unsigned long long bytes = 0;
  long well = 0, under_way = 0;
  for (std::size_t i = 0; i < concurrency && left > 0; ++i, --left, ++under_way) {
    CURL* const easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &bodies[i]);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &bodies[i]);
    curl_multi_add_handle(multi, easy);
  }
  std::vector<epoll_event> events(256);
  while (under_way > 0) {
    int running = 0, messages = 0;
    const int found = epoll_wait(set, events.data(), 256, static_cast<int>(wait_ms));
    for (int i = 0; i < found; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      int what = 0;
      if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi, event.data.fd, what, &running);
    }
    if (found == 0 || wait_ms == 0) curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    while (const CURLMsg* const message = curl_multi_info_read(multi, &messages)) {
      CURL* const easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      well += message->data.result == CURLE_OK && status == 200;
      std::string* body = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &body);
      bytes += body->size();
      body->clear();
      curl_multi_remove_handle(multi, easy);
      if (left > 0) {
        --left;
        curl_multi_add_handle(multi, easy);
      } else {
        --under_way;
        curl_easy_cleanup(easy);
      }
    }
  }
  curl_multi_cleanup(multi);
  std::printf("%ld %llu\n", well, bytes);
}
