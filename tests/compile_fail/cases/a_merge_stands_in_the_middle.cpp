// expect: only the first stage of a pipeline is a producer (or a merge)
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_merge_stands_in_the_middle() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          merge({.name = "m"}, branch(producer({.name = "more"}, std::vector<int>{}))),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p",
          merge({.name = "m"}, branch(producer({.name = "numbers"}, std::vector<int>{})),
                branch(producer({.name = "more"}, std::vector<int>{}))),
          consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
