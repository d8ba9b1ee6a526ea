// expect: the last stage of a pipeline is a consumer
#include <penstock/pipeline/pipeline.hpp>

namespace compile_fail {

inline penstock::pipeline an_open_branch_leads_nowhere() {
  using namespace penstock;
#ifdef MISTAKE
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})), branch())};
#else
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          tee({.name = "t"}, branch(consumer({.name = "end"}, [](int) {})),
              branch(consumer({.name = "other"}, [](int) {})))};
#endif
}

}  // namespace compile_fail
