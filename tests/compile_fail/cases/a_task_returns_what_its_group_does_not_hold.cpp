// expect: the body of a task returns what its task_group holds
#include <penstock/sync/task_group.hpp>

#include <string>

namespace compile_fail {

inline void a_task_returns_what_its_group_does_not_hold(penstock::task_group<int>& group) {
#ifdef MISTAKE
  group.spawn("t", [] { return std::string("one"); });
#else
  group.spawn("t", [] { return 1; });
#endif
}

}  // namespace compile_fail
