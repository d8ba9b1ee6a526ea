// expect: a branch of a merge begins with a producer; this one is empty
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_branch_of_a_merge_is_empty() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})), branch()),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{}))),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
