// expect: it belongs into async_producer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_producer_returns_an_async_item() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, []() -> boost::asio::awaitable<std::optional<int>> { co_return std::nullopt; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p",
          async_producer({.name = "a"}, []() -> boost::asio::awaitable<std::optional<int>> { co_return std::nullopt; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
