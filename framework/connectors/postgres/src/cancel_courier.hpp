// Tells servers to end what they are doing, on threads of its own: libpq's PQcancel blocks until the server has closed
// the line, and libpq before 17 has no other way.
#pragma once

#include <libpq-fe.h>

namespace penstock::postgres::detail {

/// Sends a cancel request for what `connection` is doing. Never waits. The connection may be closed right after it.
void send_cancel(PGconn* connection) noexcept;

}  // namespace penstock::postgres::detail
