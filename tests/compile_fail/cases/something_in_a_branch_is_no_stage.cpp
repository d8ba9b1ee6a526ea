// expect: something in this branch is no stage
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline something_in_a_branch_is_no_stage() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), tee({.name = "t"}, branch(7), branch()),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(filter({.name = "f"}, [](int n) { return n > 7; })), branch()),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
