// expect: this stage is weighed already
#include <penstock/pipeline/pipeline.hpp>

#include <cstdint>

namespace compile_fail {

inline penstock::pipeline a_stage_is_weighed_twice() {
  using namespace penstock;
  constexpr auto one = [](int) noexcept { return std::uint64_t{1}; };
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
#ifdef MISTAKE
          weighed({.most = 20}, one, weighed({.most = 10}, one, consumer({.name = "end"}, [](int) {})))};
#else
          weighed({.most = 10}, one, consumer({.name = "end"}, [](int) {}))};
#endif
}

}  // namespace compile_fail
