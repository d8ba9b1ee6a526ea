// expect: cannot be called with what the stage before it emits
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_route_wants_to_change_its_item() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          route({.name = "r"}, [](int& n) { return ++n; }, branch(), branch()), consumer({.name = "end"}, [](int) {})};
#else
  return {
      "p", producer({.name = "numbers"}, std::vector<int>{}),
      route({.name = "r"}, [](const int& n) { return n; }, branch(), branch()), consumer({.name = "end"}, [](int) {})};
#endif
}

}  // namespace compile_fail
