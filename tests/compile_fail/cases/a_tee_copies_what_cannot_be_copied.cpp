// expect: a tee copies its items, and this type cannot be copied
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_tee_copies_what_cannot_be_copied() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, [] { return std::optional<std::unique_ptr<int>>(); }),
          tee({.name = "t"}, branch(), branch()), consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, [] { return std::optional<std::shared_ptr<int>>(); }),
          tee({.name = "t"}, branch(), branch()), consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
