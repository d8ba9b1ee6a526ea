// expect: the body of a task takes nothing or a stop_token
#include <penstock/sync/task_group.hpp>

namespace compile_fail {

inline void a_task_takes_what_nobody_gives(penstock::task_group<void>& group) {
#ifdef MISTAKE
  group.spawn("t", [](int) {});
#else
  group.spawn("t", [](const penstock::stop_token&) {});
#endif
}

}  // namespace compile_fail
