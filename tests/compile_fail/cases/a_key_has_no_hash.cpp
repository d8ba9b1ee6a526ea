// expect: the key of a keyed stage must be something that std::hash takes
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_key_has_no_hash() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          keyed_transform(
              {.name = "k", .workers = 2}, [](int i) { return std::pair(i, i % 7); }, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          keyed_transform(
              {.name = "k", .workers = 2}, [](int i) { return i % 7; }, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
