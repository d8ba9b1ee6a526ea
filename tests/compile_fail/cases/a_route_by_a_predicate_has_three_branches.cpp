// expect: a route whose body returns a bool has two branches
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_route_by_a_predicate_has_three_branches() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route(
              {.name = "r"}, [](int n) { return n > 2; }, branch(), branch(), branch()),
          consumer({.name = "end"}, [](int) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route({.name = "r"}, [](int n) { return n > 2; }, branch(), branch()), consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
