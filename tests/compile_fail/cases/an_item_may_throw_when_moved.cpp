// expect: an item of a pipeline must be nothrow move constructible
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

struct item {
  item() = default;
#ifdef MISTAKE
  item(item&&) {}
#else
  item(item&&) noexcept {}
#endif
};

inline penstock::pipeline an_item_may_throw_when_moved() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int) { return item(); }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), transform({.name = "t"}, [](int) { return item(); }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
