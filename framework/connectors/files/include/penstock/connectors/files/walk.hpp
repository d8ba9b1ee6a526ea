// The files of a directory tree, as a source of a pipeline that holds no listing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace penstock::files {

/// Why something could not be done with a file.
struct file_failure {
  std::error_code code = {};
  std::string what = {};  ///< the attempt, the path and the reason, as one sentence without a full stop

  /// Whether there is one.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(code); }
};

/// What a walk came upon: a regular file, or something it could not look at.
struct found {
  std::string path;
  file_failure failure = {};
};

enum class depth : std::uint8_t {
  flat,       ///< the directory itself only
  recursive,  ///< subdirectories as well; links to directories are not followed
};

struct walk_options {
  std::string glob = "*";  ///< of the file name, as in the shell: `*`, `?`, `[a-z]`
  files::depth depth = files::depth::recursive;
  std::size_t batch = 256;  ///< files that one call returns, at most; the first calls return fewer, beginning with 16,
                            ///< so that several workers soon have something to do. More cost less each, fewer hold
                            ///< less in memory
};

/// The regular files in directories, in the order in which the file system has them; `directory` is the same sorted. In
/// memory are one batch, and of the directories still to be listed the names; one directory is open at a time. Links to
/// files count as files.
///
/// The body of a producer: each call returns the next batch, never an empty one, and nothing at the end. A call may
/// block. A directory that cannot be listed and a link that leads nowhere are found with their failure, and the walk
/// goes on; what is neither file nor directory (a pipe, a socket, a device) is passed over. A root may be a file: then
/// it is what is found, whatever the glob; a root that is something else, or is not there, is a failure. Copies of a
/// walk that has not started are walks of their own, those of one that has share its position.
class walk {
 public:
  explicit walk(std::string root, walk_options options = {})
      : walk(std::vector<std::string>{std::move(root)}, std::move(options)) {}

  /// One root after the other. Throws `declaration_error` if batch is 0.
  explicit walk(std::vector<std::string> roots, walk_options options = {});

  std::optional<std::vector<found>> operator()();

 private:
  struct position;
  std::vector<std::string> roots_;
  walk_options options_;
  std::shared_ptr<position> position_;
};

}  // namespace penstock::files
