#include "job.hpp"

#include <filesystem>
#include <utility>

namespace load {

namespace {

std::string absolute_path(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::absolute(file, ignored).lexically_normal().string();
}

}  // namespace

job::job(options asked)
    : how(std::move(asked)), from(look_at_inputs(how)), to(open_destination(how)), rejects(how.rejects) {}

beginning job::begin() {
  const auto who = identity_of(how.files);
  const auto rejects_path = absolute_path(how.rejects);
  begin_anew_.inputs = who.inputs;
  begin_anew_.contents = who.contents;
  begin_anew_.rejects = rejects_path;
  auto decided = decide(to->history(), who, how.resume, how.table);
  if (decided.how == beginning::anew) {
    begin_anew();
    return decided.how;
  }
  done = std::move(decided.from);
  done.inputs = who.inputs;
  done.contents = who.contents;
  if (decided.how == beginning::if_changed) return decided.how;
  before = {.inserted = done.inserted, .rejected = done.rejected};
  if (how.on_bad_row == bad_row_choice::fail) return decided.how;
  if (done.rejects != rejects_path) {  // then it begins here
    done.rejects = rejects_path;
    done.rejects_bytes = 0;
  }
  rejects.go_on(done.rejects_bytes, done.rejects_digest);
  return decided.how;
}

void job::begin_anew() { done = begin_anew_; }

penstock::files::position job::place() const noexcept {
  return {.source = static_cast<std::size_t>(done.source),
          .offset = done.offset,
          .line = done.line,
          .record = done.record,
          .digest = done.digest};
}

}  // namespace load
