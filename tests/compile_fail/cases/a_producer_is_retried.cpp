// expect: a producer is not
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_producer_is_retried() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "make"}, retry({}, [] { return std::optional<int>(); })),
          consumer({.name = "c"}, [](int) {})};
#else
  return {"p", producer({.name = "make"}, [] { return std::optional<int>(); }),
          consumer({.name = "c"}, retry({}, [](int) {}))};
#endif
}

}  // namespace compile_fail
