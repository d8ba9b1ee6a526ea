// expect: a tee is given branches, one at least
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_tee_is_given_a_stage_for_a_branch() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, consumer({.name = "end"}, [](int) {}))};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})))};
#endif
}

}  // namespace compile_fail
