// expect: the open branches of a stage must all emit the same type
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline open_branches_emit_different_types() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(), branch(transform({.name = "text"}, [](int n) { return std::to_string(n); }))),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(), branch(transform({.name = "more"}, [](int n) { return n + 1; }))),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
