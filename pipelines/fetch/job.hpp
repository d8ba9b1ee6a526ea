// What the stages of one run share. Made by main, it outlives the run.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "fetcher.hpp"
#include "journal.hpp"
#include "options.hpp"
#include "results.hpp"
#include "url_source.hpp"

namespace fetch {

struct job {
  explicit job(options asked)
      : how(std::move(asked)),
        noted(how.resume.empty() ? std::make_unique<journal>() : std::make_unique<journal>(how.resume, name())),
        from(how),
        fetch(how, noted->job_number()),
        into(how, *noted) {}

  const options how;
  std::unique_ptr<journal> noted;
  url_source from;
  fetcher fetch;
  results into;
  std::atomic<std::uint64_t> found{0};  ///< URLs that were not done before; by the first stage, relaxed

 private:
  /// What must not change between a run and the one that goes on.
  [[nodiscard]] std::string name() const {
    std::string sent = how.body.content_type + '\n' + how.body.bytes + '\n';
    for (const auto& [name, value] : how.client.headers) sent += fmt::format("{}: {}\n", name, value);
    return fmt::format("penstock-fetch 2 {} {} {:016x}", how.method, how.output_is_directory ? "bodies" : "results",
                       fingerprint(sent));
  }
};

}  // namespace fetch
