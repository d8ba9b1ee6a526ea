// expect: under retry twice
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_body_is_under_retry_twice() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, retry({}, retry({}, [](int) {})))};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), consumer({.name = "c"}, retry({}, [](int) {}))};
#endif
}

}  // namespace compile_fail
