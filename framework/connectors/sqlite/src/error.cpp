#include <cerrno>

#include "connection.hpp"

namespace penstock::sqlite {

const std::error_category& error_category() noexcept {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "penstock.sqlite"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::cannot_open: return "the file cannot be opened";
        case errc::read_only: return "the file or its directory is read-only";
        case errc::busy: return "another connection holds the lock";
        case errc::cancelled: return "stopped while another connection held the lock";
        case errc::disk_full: return "there is no room left";
        case errc::corrupt: return "it is not a sound SQLite database";
        case errc::constraint: return "a row breaks a rule of the table";
        case errc::schema_mismatch: return "the table does not have the expected shape";
        case errc::too_big: return "it is beyond SQLite's limits";
        case errc::io: return "reading or writing the file failed";
        case errc::misuse: return "the call breaks a rule of the interface";
        case errc::other: return "SQLite refused";
      }
      return "unknown error of the sqlite connector";
    }
  };
  static const category instance;
  return instance;
}

namespace detail {

sqlite3* connection::open_handle(const char* doing) const {
  if (!handle) throw error(errc::misuse, path + ": " + doing + ": the database is closed");
  return handle;
}

errc cause_of(int native, int system_errno) noexcept {
  switch (native & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return errc::busy;
    case SQLITE_READONLY:
    case SQLITE_PERM: return errc::read_only;
    case SQLITE_CANTOPEN:
      return system_errno == EROFS || system_errno == EACCES || system_errno == EPERM ? errc::read_only
             : system_errno == ENOSPC || system_errno == EDQUOT                       ? errc::disk_full
                                                                                      : errc::cannot_open;
    case SQLITE_FULL: return errc::disk_full;
    case SQLITE_IOERR:
      return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG ? errc::disk_full : errc::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return errc::corrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return errc::constraint;
    case SQLITE_SCHEMA: return errc::schema_mismatch;
    case SQLITE_TOOBIG: return errc::too_big;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return errc::misuse;
    default: return errc::other;
  }
}

error describe(const connection& c, int native, const std::string& doing, std::optional<std::size_t> row) {
  // SQLite does not keep the system's reason when a commit fails; then it is still where the system put it.
  const int just_now = errno;
  const int kept = c.handle ? sqlite3_system_errno(c.handle) : 0;
  errc cause = cause_of(native, kept != 0 ? kept : just_now);
  if (cause == errc::busy && c.stop.stop_requested()) cause = errc::cancelled;
  const char* said = c.handle ? sqlite3_errmsg(c.handle) : sqlite3_errstr(native);
  return {cause, c.path + ": " + doing + ": " + said, native, row};
}

void fail(const connection& c, int native, const std::string& doing) { throw describe(c, native, doing); }

}  // namespace detail
}  // namespace penstock::sqlite
