// The loop that one writes by hand: curl_multi_perform and curl_multi_poll, handles used again and again.
#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {
std::size_t keep(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  long left = std::atol(argv[2]);
  const auto concurrency = static_cast<std::size_t>(std::atol(argv[3]));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
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
  while (under_way > 0) {
    int running = 0, messages = 0;
    curl_multi_perform(multi, &running);
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
    if (under_way > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  curl_multi_cleanup(multi);
  std::printf("%ld %llu\n", well, bytes);
}
