// expect: must return a boost::asio::awaitable
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline an_async_consumer_is_a_plain_function() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), async_consumer({.name = "c"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, [](int) {})};
#endif
}

}  // namespace compile_fail
