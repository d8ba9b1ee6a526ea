// expect: only the first stage of a pipeline is a producer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_producer_stands_in_a_branch_of_a_tee() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(), branch(producer({.name = "more"}, std::vector<int>{}))),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), tee({.name = "t"}, branch(), branch()),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
