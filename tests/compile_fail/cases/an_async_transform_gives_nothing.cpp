// expect: this one gives nothing
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline an_async_transform_gives_nothing() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          async_transform({.name = "t"}, [](int) -> boost::asio::awaitable<void> { co_return; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          async_transform({.name = "t"}, [](int i) -> boost::asio::awaitable<int> { co_return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
