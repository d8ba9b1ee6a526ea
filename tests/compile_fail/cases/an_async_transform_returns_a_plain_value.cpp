// expect: must return a boost::asio::awaitable
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline an_async_transform_returns_a_plain_value() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          async_transform({.name = "t"}, [](int i) { return i; }), consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
