// expect: is no stage
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline something_is_no_stage() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), [](int i) { return i; },
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
