// expect: a keyed stage takes items off its edge to divide them before their bodies start
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_keyed_stage_is_weighed() {
  using namespace penstock;
  const auto weight = [](const int&) noexcept -> std::uint64_t { return 1; };
  const auto key = [](const int& n) { return n; };
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          weighed({.most = 1}, weight, keyed_consumer({.name = "end", .workers = 2}, key, [](int) {}))};
#else
  static_cast<void>(weight);
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          keyed_consumer({.name = "end", .workers = 2}, key, [](int) {})};
#endif
}

}  // namespace compile_fail
