// expect: cannot be called with what the stage before it emits
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_filter_wants_to_change_its_item() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}), filter({.name = "f"}, [](int& i) { return ++i > 0; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          filter({.name = "f"}, [](const int& i) { return i > 0; }), consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
