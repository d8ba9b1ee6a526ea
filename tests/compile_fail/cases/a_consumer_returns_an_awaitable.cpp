// expect: it belongs into async_consumer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_consumer_returns_an_awaitable() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, [](int) -> boost::asio::awaitable<void> { co_return; })};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          async_consumer({.name = "c"}, [](int) -> boost::asio::awaitable<void> { co_return; })};
#endif
}

}  // namespace compile_fail
