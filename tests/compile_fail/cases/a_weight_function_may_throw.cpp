// expect: a weight function must be noexcept
#include <penstock/pipeline/pipeline.hpp>

#include <cstdint>

namespace compile_fail {

inline penstock::pipeline a_weight_function_may_throw() {
  using namespace penstock;
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
#ifdef MISTAKE
          weighed(
              {.most = 10}, [](int i) { return static_cast<std::uint64_t>(i); },
#else
          weighed(
              {.most = 10}, [](int i) noexcept { return static_cast<std::uint64_t>(i); },
#endif
              consumer({.name = "end"}, [](int) {}))};
}

}  // namespace compile_fail
