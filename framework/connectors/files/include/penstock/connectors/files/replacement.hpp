// A file that is replaced as a whole or not at all.
//
// The new content goes into a temporary file beside it, which is made durable and then given its name: whoever opens
// the path, at any moment, sees the old content or the new one, whole. So does everybody after a crash or a kill, which
// may leave the temporary file behind: `.NAME.XXXXXX.tmp`, six random letters; nothing reads it and it can be removed.
// When `commit` has returned, a power cut does not bring the old content back.
//
// What stays as it was: the permissions of a file that is there, and its owner and group where we may give them away;
// extended attributes do not. A new file gets the usual permissions (0666 less the umask). A symbolic link stays, and
// what it leads to is replaced; other hard links keep the old content.
//
// May block. Fails with `std::system_error`, whose message has the path: then the old content is untouched, the
// temporary file will be gone with the object, and each further call fails likewise. Only when the directory cannot be
// made durable, which is the last step, is the new content in place. Refused, before anything is made: what is no
// regular file, and a file that may not be written. One thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace penstock::files {

class replacement {
 public:
  /// Makes the temporary file.
  explicit replacement(std::filesystem::path path);

  /// Without a `commit` before: removes the temporary file, and nothing has happened.
  ~replacement();

  replacement(const replacement&) = delete;
  replacement& operator=(const replacement&) = delete;

  /// Adds to the new content.
  void append(std::string_view bytes);

  /// Puts the new content in place. Once, and nothing is appended after it.
  void commit();

 private:
  void flush();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;    // as asked for, for messages
  std::filesystem::path target_;  // behind symbolic links
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  int error_ = 0;  // of a write that failed: what follows it would be no content
  std::string buffer_;
};

/// The whole in one call.
void write_whole(const std::filesystem::path& path, std::string_view bytes);

}  // namespace penstock::files
