#include "penstock/sync/queue.hpp"

struct risky {
  risky(risky&&) noexcept(false) {}
};

penstock::queue<risky> q(1);
