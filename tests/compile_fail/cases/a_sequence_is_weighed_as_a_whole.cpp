// expect: weighed is for one stage
#include <penstock/pipeline/pipeline.hpp>

#include <cstdint>

namespace compile_fail {

inline penstock::pipeline a_sequence_is_weighed_as_a_whole() {
  using namespace penstock;
  constexpr auto one = [](int) noexcept { return std::uint64_t{1}; };
  const auto same = [](int i) { return i; };
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
#ifdef MISTAKE
          weighed({.most = 10}, one, sequence(std::vector{transform({.name = "a"}, same)})),
#else
          sequence(std::vector{weighed({.most = 10}, one, transform({.name = "a"}, same))}),
#endif
          consumer({.name = "end"}, [](int) {})};
}

}  // namespace compile_fail
