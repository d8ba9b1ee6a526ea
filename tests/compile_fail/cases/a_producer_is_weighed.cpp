// expect: a producer has no edge before it that could be weighed
#include <penstock/pipeline/pipeline.hpp>

#include <cstdint>

namespace compile_fail {

inline penstock::pipeline a_producer_is_weighed() {
  using namespace penstock;
  constexpr auto one = [](int) noexcept { return std::uint64_t{1}; };
#ifdef MISTAKE
  return {"p", weighed({.most = 10}, one, producer({.name = "numbers"}, std::vector<int>{})),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          weighed({.most = 10}, one, consumer({.name = "end"}, [](int) {}))};
#endif
}

}  // namespace compile_fail
