#include "page_writer.hpp"

#include <fmt/format.h>

#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "exit_code.hpp"

namespace load {

namespace {

/// A row was refused, and the file is not held yet.
struct file_is_needed {};

/// What is recorded when all before this place is in.
checkpoint at(const penstock::files::position& place, const checkpoint& before) {
  checkpoint next = before;
  next.state = load_state::loading;
  next.source = place.source;
  next.offset = place.offset;
  next.line = place.line;
  next.record = place.record;
  next.digest = place.digest;
  return next;
}

}  // namespace

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
  if (!rows.rejected().empty()) hold_file();
  try {
    insert_with_file(rows);
  } catch (const file_is_needed&) {
    hold_file();
    insert_with_file(rows);
  }
}

// In no transaction: who holds the file may be waiting for ours, to hear that the load is not his any more. And who
// waited for the file may hear that himself, and has then changed nothing in it. The claim is committed before the
// first line: a server may commit the page of a program that is gone already, and whoever holds the file then must
// know.
void page_writer::hold_file() const {
  if (work_->rejects.held()) return;
  work_->rejects.hold();
  work_->see_whose_rejects();  // who held it until now may have left lines, and died
  work_->rejects.require_ours();
  auto claim = work_->done;
  if (claim.rejects_digest == 0) claim.rejects_digest = work_->rejects.digest();
  work_->to->record(work_->done, claim);
  work_->done = std::move(claim);
  work_->rejects.cut();
}

void page_writer::insert_with_file(const page& rows) const {
  const auto& file = work_->from.name(rows.source());
  auto& rejects = work_->rejects;
  checkpoint next = work_->done;
  // On the disk before the rows around them are committed: nothing is lost without a trace, however the program ends.
  // May be called again, for a commit that failed; what was written for it is cut off first, or by the run that goes
  // on.
  work_->to->insert(rows, work_->done, [&](std::span<const refused_row> refused) {
    if (!refused.empty() && !rejects.held()) throw file_is_needed();
    next = at(rows.end(), work_->done);
    rejects.back_to(work_->done.rejects_bytes, work_->done.rejects_digest);
    for (const auto& row : rows.rejected()) rejects.write(file, row);
    for (const auto& row : refused) rejects.write(file, rows, row.row, row.reason);
    rejects.sync();
    next.inserted += rows.rows() - refused.size();
    next.rejected += rows.rejected().size() + refused.size();
    if (rejects.bytes() > 0) {
      next.rejects_bytes = rejects.bytes();
      next.rejects_digest = rejects.digest();
    }
    return next;
  });
  became(next);
}

void page_writer::became(const checkpoint& next) const {
  auto& done = work_->done;
  work_->rows.inserted.fetch_add(next.inserted - done.inserted, std::memory_order_relaxed);
  work_->rows.rejected.fetch_add(next.rejected - done.rejected, std::memory_order_relaxed);
  done = next;
}

void page_writer::insert_or_fail(page& rows) const {
  std::optional<std::string> bad;
  checkpoint next = at(rows.end(), work_->done);
  // The rows before the bad one are committed, and it is the first for the run that goes on.
  const auto end_at = [&](std::size_t row, std::uint64_t line, const std::string& reason) {
    rows.keep_first(row);
    next = work_->done;
    next.state = load_state::loading;
    if (row > 0) next = at(rows.places()->of(line, row), work_->done);
    bad = fmt::format("{}, line {}: {}", work_->from.name(rows.source()), line, reason);
  };
  if (!rows.rejected().empty()) {
    const auto& first = rows.rejected().front();
    std::size_t before = 0;
    while (before < rows.rows() && rows.line(before) < first.line) ++before;
    end_at(before, first.line, first.reason);
  }
  // Each time it is an earlier row, so this ends.
  for (bool in = false; !in;) {
    try {
      work_->to->insert(rows, work_->done, [&](std::span<const refused_row>) {
        next.inserted = work_->done.inserted + rows.rows();
        return next;
      });
      in = true;
    } catch (const row_refused& refused) {
      end_at(refused.row(), rows.line(refused.row()), refused.what());
    }
  }
  became(next);
  if (!bad) return;
  work_->rows.rejected.fetch_add(1, std::memory_order_relaxed);
  throw failure(exit_code::bad_row, *bad);
}

}  // namespace load
