// expect: the weight function of this stage cannot be called with the const item
#include <penstock/pipeline/pipeline.hpp>

#include <cstdint>
#include <string>

namespace compile_fail {

inline penstock::pipeline a_weight_function_cannot_weigh_the_item() {
  using namespace penstock;
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
#ifdef MISTAKE
          weighed(
              {.most = 10}, [](const std::string& s) noexcept { return s.size(); },
#else
          weighed(
              {.most = 10}, [](int i) noexcept { return static_cast<std::uint64_t>(i); },
#endif
              consumer({.name = "end"}, [](int) {}))};
}

}  // namespace compile_fail
