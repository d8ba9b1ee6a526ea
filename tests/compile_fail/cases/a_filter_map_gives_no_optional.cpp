// expect: the body of a filter_map must return a std::optional
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_filter_map_gives_no_optional() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), filter_map({.name = "f"}, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          filter_map({.name = "f"}, [](int i) { return std::optional(i); }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
