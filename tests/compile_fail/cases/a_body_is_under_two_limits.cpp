// expect: a body has one limit at most
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_body_is_under_two_limits() {
  using namespace penstock;
#ifdef MISTAKE
  const shared_limit one("one", 1), two("two", 2);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, limited(one, limited(two, [](int) {})))};
#else
  const shared_limit one("one", 1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, limited(one, [](int) {}))};
#endif
}

}  // namespace compile_fail
