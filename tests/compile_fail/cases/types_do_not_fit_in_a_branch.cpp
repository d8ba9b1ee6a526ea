// expect: cannot be called with what the stage before it emits
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline types_do_not_fit_in_a_branch() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})),
              branch(transform({.name = "text"}, [](int n) { return std::to_string(n); }),
                     consumer({.name = "other"}, [](int) {})))};
#else
  return {
      "p", producer({.name = "numbers"}, std::vector<int>{}),
      tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})),
          branch(transform({.name = "more"}, [](int n) { return n + 1; }), consumer({.name = "other"}, [](int) {})))};
#endif
}

}  // namespace compile_fail
