// expect: it belongs into async_transform
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_transform_returns_an_awaitable() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          transform({.name = "t"}, [](int i) -> boost::asio::awaitable<int> { co_return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          async_transform({.name = "t"}, [](int i) -> boost::asio::awaitable<int> { co_return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
