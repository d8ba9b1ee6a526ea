// expect: a tee or route hands its items on in bursts and holds none
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline a_tee_is_weighed() {
  using namespace penstock;
  const auto weight = [](const int&) noexcept -> std::uint64_t { return 1; };
  const auto end = [](int) {};
#ifdef MISTAKE
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          weighed({.most = 1}, weight,
                  tee({.name = "both"}, branch(consumer({.name = "b"}, end)), branch(consumer({.name = "c"}, end))))};
#else
  return {"p", producer({.name = "a"}, std::vector<int>{1}),
          tee({.name = "both"}, branch(weighed({.most = 1}, weight, consumer({.name = "b"}, end))),
              branch(consumer({.name = "c"}, end)))};
#endif
}

}  // namespace compile_fail
