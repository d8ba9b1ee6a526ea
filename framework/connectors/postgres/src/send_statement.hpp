// How a statement gets to the server: prepared before if it has a name.
#pragma once

#include <string_view>

#include "operation.hpp"
#include "params_access.hpp"

namespace penstock::postgres::detail {

/// What an error says of a COMMIT that was sent and not answered.
inline constexpr const char* commit_without_answer = "whether it was, is not known";

/// Refuses a NUL byte with `misuse`; the session is settled.
void check_text(operation& op, std::string_view sql);

/// Refuses a statement that began a COPY with `misuse`; the session is not settled.
void refuse_copy(operation& op, const PGresult* result);

/// Refuses a transaction inside another with `misuse`.
void refuse_nesting(const session* on);

/// Whether this connection has not seen this name yet. Refuses another text under a known name.
bool needs_preparing(operation& op, const statement& what);

boost::asio::awaitable<void> prepare(operation& op, const statement& what);

/// Queues it; to be flushed.
void send_statement(operation& op, const statement& what, const params& values);

}  // namespace penstock::postgres::detail
