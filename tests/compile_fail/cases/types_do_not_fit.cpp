// expect: cannot be called with what the stage before it emits
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline types_do_not_fit() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          transform({.name = "t"}, [](const std::string& s) { return s; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
