// expect: a branch of a merge is open at its end
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_branch_of_a_merge_is_closed() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p",
          merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})),
                branch(producer({.name = "more"}, std::vector<int>{}), consumer({.name = "log"}, [](int) {}))),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p",
          merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})),
                branch(producer({.name = "more"}, std::vector<int>{}),
                       tee({.name = "t"}, branch(), branch(consumer({.name = "log"}, [](int) {}))))),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
