// expect: weighed is put around a stage
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline something_is_weighed_that_is_no_stage() {
  using namespace penstock;
  const auto weight = [](const int&) noexcept -> std::uint64_t { return 1; };
  const auto end = [](int) {};
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, std::vector<int>{1}), weighed({.most = 1}, weight, end)};
#else
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          weighed({.most = 1}, weight, consumer({.name = "b"}, end))};
#endif
}

}  // namespace compile_fail
