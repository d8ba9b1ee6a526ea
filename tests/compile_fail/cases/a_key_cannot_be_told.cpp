// expect: the key_of of a keyed stage must be callable
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_key_cannot_be_told() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          keyed_transform(
              {.name = "k", .workers = 2}, [](int& i) { return i % 7; }, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          keyed_transform(
              {.name = "k", .workers = 2}, [](int i) { return i % 7; }, [](int i) { return i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
