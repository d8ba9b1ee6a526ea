// expect: penstock::queue<T>: T must be nothrow move constructible
#include <penstock/sync/queue.hpp>

namespace compile_fail {

struct message {
#ifdef MISTAKE
  message(message&&) {}
#else
  message(message&&) noexcept {}
#endif
};

inline void a_queue_of_items_that_may_throw_when_moved() { penstock::queue<message> q(1); }

}  // namespace compile_fail
