// Requests over HTTP, thousands at a time, as coroutines on an Asio context; libcurl does the protocol.
//
//   http::client api({.base_url = "https://example.org/api/", .retry = {.times = 3}});
//   …
//   async_transform({.name = "fetch", .workers = 64}, [&api](std::string id) -> asio::awaitable<http::response> {
//     http::response answer = co_await api.async_get("items/" + id);
//     co_return std::move(answer);
//   }),
//
// An answer is an answer whatever its status: `require_ok` makes an exception of one that is not 2xx. What stood in the
// way of an answer is an `http::error`. Where to read on: http/client.hpp.
#pragma once

#include <penstock/connectors/http/batch.hpp>    // IWYU pragma: export
#include <penstock/connectors/http/client.hpp>   // IWYU pragma: export
#include <penstock/connectors/http/error.hpp>    // IWYU pragma: export
#include <penstock/connectors/http/message.hpp>  // IWYU pragma: export
#include <penstock/connectors/http/options.hpp>  // IWYU pragma: export
