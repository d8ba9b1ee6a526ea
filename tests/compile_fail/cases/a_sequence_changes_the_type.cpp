// expect: each must emit the type that it takes
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_sequence_changes_the_type() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          sequence(std::vector{transform({.name = "t"}, [](int i) { return long{i}; })}),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          sequence(std::vector{transform({.name = "t"}, [](int i) { return i; })}),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
