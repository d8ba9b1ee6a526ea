#include "job.hpp"

#include <algorithm>
#include <utility>

#include "written_name.hpp"

namespace load {

namespace {

// A robbed run of the same load needs a moment to end; nobody can be asked to wait longer without hearing a signal.
std::chrono::milliseconds patience_of(const options& how) {
  return std::min<std::chrono::milliseconds>(how.lock_timeout, std::chrono::seconds(5));
}

}  // namespace

job::job(options asked)
    : how(std::move(asked)),
      from(look_at_inputs(how)),
      to(open_destination(how)),
      rejects(how.rejects, patience_of(how)) {}

beginning job::begin() {
  const auto who = identity_of(how.files);
  comes_once = !who.can_be_repeated;
  begin_anew_.inputs = who.inputs;
  begin_anew_.contents = who.contents;
  begin_anew_.rejects = written_path(how.rejects);
  const auto known = to->history(who.inputs);
  auto decided = decide(known, who, how.resume, how.table);
  done = decided.how == beginning::anew ? begin_anew_ : std::move(decided.from);
  return decided.how;
}

void job::go_on() {
  before = {.inserted = done.inserted, .rejected = done.rejected};
  auto mine = done;
  mine.inputs = begin_anew_.inputs;
  mine.contents = begin_anew_.contents;
  mine.state = load_state::loading;
  ++mine.owner;
  if (how.on_bad_row == bad_row_choice::reject) {
    // Nobody writes to it while we look; and it is cut only when the load is ours.
    const bool another = mine.rejects != begin_anew_.rejects;
    if (!another && mine.rejects_bytes > 0) {
      rejects.find(mine.rejects_bytes, mine.rejects_digest, done.state == load_state::loaded);
    } else if (another) {
      rejects.append();
    }
    see_whose_rejects();
    if (!rejects.kept_off()) {
      mine.rejects = begin_anew_.rejects;
      mine.rejects_bytes = rejects.bytes();
      mine.rejects_digest = rejects.digest();
    }
  }
  to->record(done, mine);
  done = std::move(mine);
  rejects.cut();
}

void job::see_whose_rejects() {
  auto mine = begin_anew_;
  mine.id = done.id;
  const auto in_use = to->rejects_in_use(mine);
  if (std::ranges::find(in_use, begin_anew_.rejects) != in_use.end()) rejects.keep_off();
}

void job::begin_anew() {
  replaced = true;
  done = begin_anew_;
}

penstock::files::position job::place() const noexcept {
  return {.source = static_cast<std::size_t>(done.source),
          .offset = done.offset,
          .line = done.line,
          .record = done.record,
          .digest = done.digest};
}

}  // namespace load
