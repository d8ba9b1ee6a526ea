// expect: the body is called with an lvalue
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_retried_body_takes_a_move_only_item_by_value() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "make"}, [] { return std::optional<std::unique_ptr<int>>(); }),
          consumer({.name = "c"}, retry({}, [](std::unique_ptr<int>) {}))};
#else
  return {"p", producer({.name = "make"}, [] { return std::optional<std::unique_ptr<int>>(); }),
          consumer({.name = "c"}, retry({}, [](std::unique_ptr<int>&) {}))};
#endif
}

}  // namespace compile_fail
