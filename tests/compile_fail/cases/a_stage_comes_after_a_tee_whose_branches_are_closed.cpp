// expect: nothing comes after a consumer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_stage_comes_after_a_tee_whose_branches_are_closed() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {}))), consumer({.name = "more"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})), branch()),
          consumer({.name = "more"}, [](int) {})};
#endif
}

}  // namespace compile_fail
