#include "summary.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "amounts.hpp"
#include "job.hpp"

namespace load {
namespace {

struct counts {
  explicit counts(const tally& rows) : read(rows.read), inserted(rows.inserted), rejected(rows.rejected) {}
  std::uint64_t read;
  std::uint64_t inserted;
  std::uint64_t rejected;
  /// Read, but given up by a cancel or a failure before they were committed.
  [[nodiscard]] std::uint64_t not_loaded() const noexcept { return read - inserted - rejected; }
};

std::string note_of_replaced(const job& work) {
  return fmt::format("{} loaded into table '{}' before with other contents; these rows came to those",
                     work.how.files.size() == 1 ? work.from.name(0) + " was"
                                                : fmt::format("these {} inputs were", work.how.files.size()),
                     work.how.table);
}

std::string as_text(const penstock::report& run, const job& work) {
  const counts rows(work.rows);
  const double seconds = std::chrono::duration<double>(run.elapsed).count();
  const auto bytes = static_cast<double>(work.bytes->bytes_read.load());
  std::ostringstream text;
  text << run;
  text << fmt::format("{} rows read = {} inserted + {} rejected", rows.read, rows.inserted, rows.rejected);
  if (rows.not_loaded() > 0) text << fmt::format(" + {} not loaded", rows.not_loaded());
  text << fmt::format("; {}B in {:.2f} s", amount(bytes), seconds);
  if (seconds > 0)
    text << fmt::format(", {} rows/s, {}B/s", amount(static_cast<double>(rows.inserted) / seconds),
                        amount(bytes / seconds));
  text << fmt::format("\ntable '{}' in {}", work.how.table, work.to->name());
  if (rows.rejected > 0 && work.how.on_bad_row == bad_row_choice::reject)
    text << fmt::format("; rejected rows in {}", work.rejects.path().string());
  if (work.before.inserted + work.before.rejected > 0)
    text << fmt::format("\nwent on where an earlier run ended: {} rows had been inserted, {} rejected",
                        work.before.inserted, work.before.rejected);
  text << '\n';
  if (work.already_loaded) text << note_of(work) << '\n';
  if (work.replaced) text << note_of_replaced(work) << '\n';
  return text.str();
}

std::string as_json(const penstock::report& run, const job& work, const ending& how) {
  using json = nlohmann::ordered_json;
  const counts rows(work.rows);
  json all;
  all["exit_code"] = static_cast<int>(how.code);
  all["error"] = how.sentence.empty() ? json() : json(how.sentence);
  all["database"] = work.to->name();
  all["table"] = work.how.table;
  all["rows_read"] = rows.read;
  all["rows_inserted"] = rows.inserted;
  all["rows_rejected"] = rows.rejected;
  all["rows_not_loaded"] = rows.not_loaded();
  all["rejects"] =
      rows.rejected > 0 && work.how.on_bad_row == bad_row_choice::reject ? json(work.rejects.path().string()) : json();
  all["earlier"] = {{"rows_inserted", work.before.inserted}, {"rows_rejected", work.before.rejected}};
  all["note"] = work.already_loaded ? json(note_of(work)) : work.replaced ? json(note_of_replaced(work)) : json();
  all["bytes_read"] = work.bytes->bytes_read.load();
  all["seconds"] = std::chrono::duration<double>(run.elapsed).count();
  all["run"] = json::parse(run.json());
  // Names are the user's: what is not UTF-8 in them is replaced, so that the rest can still be read.
  return all.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace

ending ending_of(const penstock::report& run, const job& work) {
  auto committed = fmt::format("{} rows are committed", work.rows.inserted.load());
  if (work.before.inserted > 0) committed += fmt::format(" beside {} of earlier runs", work.before.inserted);
  // A COMMIT that was sent and not answered may have been done.
  if (work.how.kind == database_kind::postgres && run.state() >= penstock::end_state::cancelled)
    committed = "at least " + committed;
  switch (run.state()) {
    case penstock::end_state::completed: return {};
    case penstock::end_state::stopped:
      if (work.comes_once && work.rows.read > 0)
        committed +=
            "; a run of the same command takes what comes then as new rows, with --resume as the same bytes "
            "from the beginning";
      return {exit_code::stopped, "stopped by a signal; " + committed};
    case penstock::end_state::cancelled:
      if (run.reason == penstock::stop_reason::deadline)
        return {exit_code::cancelled,
                "stopped by a signal, and cancelled because the drain took too long; " + committed};
      return {exit_code::cancelled, "cancelled by a second signal; " + committed};
    case penstock::end_state::failed: break;
  }
  const auto why = explain(run.first_failure);
  if (work.rows.read == 0) return {why.code(), why.what()};
  return {why.code(), fmt::format("{}; {}", why.what(), committed)};
}

std::string note_of(const job& work) {
  const bool one = work.how.files.size() == 1;
  return fmt::format(
      "{} loaded into table '{}' before, {} rows, and {} not changed since; nothing was done; --fresh "
      "loads {} once more",
      one ? work.from.name(0) + " was" : fmt::format("these {} inputs were", work.how.files.size()), work.how.table,
      work.done.inserted, one ? "has" : "have", one ? "it" : "them");
}

std::string summary(const penstock::report& run, const job& work, const ending& how) {
  return work.how.report == report_form::json ? as_json(run, work, how) : as_text(run, work);
}

}  // namespace load
