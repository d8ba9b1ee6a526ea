// expect: a branch of a merge begins with a producer; see
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_branch_of_a_merge_has_no_producer() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p",
          merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})),
                branch(transform({.name = "t"}, [](int n) { return n; }))),
          consumer({.name = "end"}, [](int) {})};
#else
  return {
      "p",
      merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})),
            branch(producer({.name = "more"}, std::vector<int>{}), transform({.name = "t"}, [](int n) { return n; }))),
      consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
