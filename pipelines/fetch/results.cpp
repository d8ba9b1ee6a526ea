#include "results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include <common/quantities.hpp>
#include <penstock/connectors/files.hpp>

namespace fetch {
namespace {

using json = nlohmann::ordered_json;

std::string dumped(const json& value, int indent = -1) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

double seconds(penstock::duration d) {
  // Microseconds are fine enough, and short to read.
  return std::round(std::chrono::duration<double, std::micro>(d).count()) / 1e6;
}

[[noreturn]] void fail(const std::string& what) {
  const std::error_code why(errno, std::generic_category());
  throw failure(exit_code::output_unwritable, fmt::format("cannot {}: {}", what, why.message()));
}

/// What a run that was killed left of bodies that it was writing.
void remove_temporaries(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with('.') && name.find(".body.") != std::string::npos && name.ends_with(".tmp"))
      std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace

results::results(const options& how, journal& noted) : how_(how), noted_(noted) {
  const auto file = how.results_file();
  if (file.empty()) {
    descriptor_ = STDOUT_FILENO;
    return;
  }
  const auto name = fmt::format("'{}'", file.string());
  if (how.output_is_directory && ::mkdir(how.output.c_str(), 0777) != 0 && errno != EEXIST)
    fail(fmt::format("make the directory '{}'", how.output));
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("open " + name);
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) fail("look at " + name);
  if (S_ISREG(status.st_mode)) {
    end_ = noted.results_end();
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < end_)
      throw failure(exit_code::cannot_resume,
                    fmt::format("{} has {} bytes, but the resume file has noted {}", name, size, end_));
    if (!how.resume.empty() && noted.fresh() && size > 0) {
      noted.withdraw();
      throw failure(exit_code::cannot_resume,
                    fmt::format("{} has results that the resume file knows nothing of; remove one of them", name));
    }
    noted.begin();
    if (::ftruncate(descriptor_, static_cast<::off_t>(end_)) != 0) fail("shorten " + name);
    if (::lseek(descriptor_, 0, SEEK_END) < 0) fail("write " + name);
    if (how.output_is_directory && !how.resume.empty()) remove_temporaries(how.output);
  } else if (!how.resume.empty()) {
    noted.withdraw();
    throw failure(exit_code::usage, name + " is no regular file, so --resume cannot look into it");
  }
}

results::~results() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

void results::write(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write the results");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string results::keep_body(const fetched& one) {
  const auto name = fmt::format("{:08}.body", one.what.number);
  try {
    penstock::files::write_whole(std::filesystem::path(how_.output) / name, one.answer.body);
  } catch (const std::system_error& e) {
    throw failure(exit_code::output_unwritable, e.what());
  }
  return name;
}

void results::add(const std::vector<fetched>& batch) {
  std::string lines;
  for (const auto& one : batch) {
    json line{{"n", one.what.number}, {"url", one.what.url}};
    if (one.kind.empty()) {
      line["status"] = one.answer.status;
      line["bytes"] = one.answer.bytes;
      line["elapsed"] = seconds(one.answer.elapsed);
      line["attempts"] = one.answer.attempts;
      if (one.answer.url != one.what.url) line["from"] = one.answer.url;
      if (how_.output_is_directory) line["file"] = keep_body(one);
      line["error"] = nullptr;
    } else {
      line["status"] = nullptr;
      line["bytes"] = 0;
      line["elapsed"] = nullptr;
      line["error"] = {{"kind", one.kind}, {"reason", one.error}};
    }
    lines += dumped(line);
    lines += '\n';
    noted_.note(one.what, end_ + lines.size(), one.ok());
    (one.ok() ? well : failed).fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(one.answer.bytes, std::memory_order_relaxed);
  }
  write(lines);
  end_ += lines.size();
  noted_.flush();
}

ending results::finish(const penstock::report& run, std::uint64_t found) {
  const auto so_far = fmt::format("{} of {} URLs have their line", well + failed, found);
  ending how;
  switch (run.state()) {
    case penstock::end_state::completed:
      if (found == 0 && noted_.done_before() == 0) how = {exit_code::nothing_usable, "there was no URL"};
      if (failed > 0 || noted_.failed_before() > 0) how = {exit_code::some_failed, {}};
      break;
    case penstock::end_state::stopped: how = {exit_code::stopped, "stopped by a signal; " + so_far}; break;
    case penstock::end_state::cancelled:
      how = {exit_code::cancelled, run.reason == penstock::stop_reason::deadline
                                       ? "stopped by a signal, and cancelled because the drain took too long; " + so_far
                                       : "cancelled by a second signal; " + so_far};
      break;
    case penstock::end_state::failed: {
      const auto why = explain(run.first_failure);
      how = {why.code(), fmt::format("{}; {}", why.what(), so_far)};
    }
  }
  const double elapsed = std::chrono::duration<double>(run.elapsed).count();
  std::string text;
  if (how_.json_report) {
    text = dumped(json{{"urls_found", found},
                       {"urls_done_before", noted_.done_before()},
                       {"urls_failed_before", noted_.failed_before()},
                       {"urls_well", well.load()},
                       {"urls_failed", failed.load()},
                       {"urls_not_fetched", found - well - failed},
                       {"bytes", bytes.load()},
                       {"exit_code", static_cast<int>(how.code)},
                       {"error", how.sentence.empty() ? json() : json(how.sentence)},
                       {"seconds", elapsed},
                       {"run", json::parse(run.json())}},
                  2);
  } else {
    text =
        fmt::format("{} URL{} found = {} well + {} failed", found, found == 1 ? "" : "s", well.load(), failed.load());
    if (found > well + failed) text += fmt::format(" + {} not fetched", found - well - failed);
    if (noted_.done_before() > 0) text += fmt::format("; {} were done before", noted_.done_before());
    if (noted_.failed_before() > 0) text += fmt::format(", {} of which failed", noted_.failed_before());
    text += fmt::format("; {}B in {:.1f} s", common::amount(static_cast<double>(bytes.load())), elapsed);
  }
  auto* const where = descriptor_ == STDOUT_FILENO ? stderr : stdout;
  text += '\n';
  if ((std::fwrite(text.data(), 1, text.size(), where) != text.size() || std::fflush(where) != 0) && where == stdout) {
    if (how.code == exit_code::ok || how.code == exit_code::some_failed)
      how = {exit_code::output_unwritable, "cannot write the report, but all is as it would have said"};
  }
  return how;
}

}  // namespace fetch
