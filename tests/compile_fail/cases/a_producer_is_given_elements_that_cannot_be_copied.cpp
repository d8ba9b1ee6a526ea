// expect: the elements of this range cannot be copied
#include <penstock/pipeline/pipeline.hpp>

#include <memory>

namespace compile_fail {

inline penstock::pipeline a_producer_is_given_elements_that_cannot_be_copied() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, std::vector<std::unique_ptr<int>>{}),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "a"}, [] { return std::optional<std::unique_ptr<int>>(); }),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
