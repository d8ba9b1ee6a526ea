// expect: must return an awaitable of a std::optional
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline an_async_producer_never_ends() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", async_producer({.name = "a"}, []() -> boost::asio::awaitable<int> { co_return 1; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {
      "p",
      async_producer({.name = "a"}, []() -> boost::asio::awaitable<std::optional<int> > { co_return std::nullopt; }),
      consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
