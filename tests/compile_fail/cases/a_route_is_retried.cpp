// expect: the body of a route only looks at its item
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_route_is_retried() {
  using namespace penstock;
  const auto which = [](const int& n) { return n > 0; };
  const auto end = [](int) {};
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          route({.name = "sign"}, retry({.times = 1}, which), branch(consumer({.name = "b"}, end)),
                branch(consumer({.name = "c"}, end)))};
#else
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          route({.name = "sign"}, which, branch(consumer({.name = "b"}, end)), branch(consumer({.name = "c"}, end)))};
#endif
}

}  // namespace compile_fail
