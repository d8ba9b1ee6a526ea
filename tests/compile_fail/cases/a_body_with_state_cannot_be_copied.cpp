// expect: this body changes its own state and cannot be copied
#include <penstock/pipeline/pipeline.hpp>

#include <memory>

namespace compile_fail {

inline penstock::pipeline a_body_with_state_cannot_be_copied() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          transform({.name = "t"}, [sum = std::make_unique<int>()](int i) mutable { return *sum += i; }),
          consumer({.name = "end"}, [](const auto&) {})};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          transform({.name = "t"},
                    per_worker([] { return [sum = std::make_unique<int>()](int i) mutable { return *sum += i; }; })),
          consumer({.name = "end"}, [](const auto&) {})};
#endif
}

}  // namespace compile_fail
