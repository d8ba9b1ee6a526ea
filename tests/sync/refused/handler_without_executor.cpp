#include <boost/asio/detached.hpp>

#include "penstock/sync/queue.hpp"

void use(penstock::queue<int>& q) { q.async_get(boost::asio::detached); }
