// expect: must return the item to go on; this one returns nothing
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_transform_returns_nothing() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int) {}),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
