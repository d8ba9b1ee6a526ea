// expect: a merge is given branches, one at least
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_merge_is_given_producers_for_branches() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", merge({.name = "m"}, producer({.name = "numbers"}, std::vector<int>{})),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{}))),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
