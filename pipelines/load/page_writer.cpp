#include "page_writer.hpp"

#include <fmt/format.h>

#include <optional>
#include <stop_token>
#include <string>

#include "exit_code.hpp"

namespace load {

void page_writer::operator()(page rows, penstock::context& run) const {
  const std::stop_callback on_cancel(run.stop_token().std_token(), [this] { work_->to->give_up_waiting(); });
  try {
    if (work_->how.on_bad_row == bad_row_choice::fail) {
      insert_or_fail(rows);
    } else {
      insert_and_reject(rows);
    }
  } catch (const gave_up_waiting&) {
    // A cancel that ended a wait is no failure; the rows of this page stay among those that were not loaded.
  }
}

void page_writer::insert_and_reject(const page& rows) const {
  auto& counts = work_->rows;
  const auto& file = work_->from.name(rows.source());
  checkpoint next = work_->done;
  std::uint64_t rejected = 0;
  // Written down before the rows around them are committed: nothing is lost without a trace, however the program ends.
  work_->to->insert(rows, work_->done, [&](std::span<const refused_row> refused) {
    for (const auto& row : rows.rejected()) work_->rejects.write(file, row);
    for (const auto& row : refused) work_->rejects.write(file, rows, row.row, row.reason);
    work_->rejects.flush();
    rejected = rows.rejected().size() + refused.size();
    next.inserted += rows.rows() - refused.size();
    next.rejected += rejected;
    return next;
  });
  counts.inserted.fetch_add(next.inserted - work_->done.inserted, std::memory_order_relaxed);
  counts.rejected.fetch_add(rejected, std::memory_order_relaxed);
  work_->done = next;
}

void page_writer::insert_or_fail(page& rows) const {
  std::optional<std::string> bad;
  const auto sentence = [&](std::uint64_t line, const std::string& reason) {
    return fmt::format("{}, line {}: {}", work_->from.name(rows.source()), line, reason);
  };
  if (!rows.rejected().empty()) {
    const auto& first = rows.rejected().front();
    std::size_t before = 0;
    while (before < rows.rows() && rows.line(before) < first.line) ++before;
    rows.keep_first(before);
    bad = sentence(first.line, first.reason);
  }
  checkpoint next;
  const auto insert = [&] {
    work_->to->insert(rows, work_->done, [&](std::span<const refused_row>) {
      next = work_->done;
      next.inserted += rows.rows();
      return next;
    });
  };
  try {
    insert();
  } catch (const row_refused& refused) {
    bad = sentence(rows.line(refused.row()), refused.what());
    rows.keep_first(refused.row());
    insert();
  }
  work_->done = next;
  work_->rows.inserted.fetch_add(rows.rows(), std::memory_order_relaxed);
  if (!bad) return;
  work_->rows.rejected.fetch_add(1, std::memory_order_relaxed);
  throw failure(exit_code::bad_row, *bad);
}

}  // namespace load
