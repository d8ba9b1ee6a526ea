#include "image_vfs.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace penstock::sqlite::detail {
namespace {

struct image_file {
  sqlite3_file base;
  const page_image* image;
};

std::span<const unsigned char> content(sqlite3_file* f) { return reinterpret_cast<image_file*>(f)->image->file(); }

int read(sqlite3_file* f, void* out, int bytes, sqlite3_int64 offset) {
  const auto all = content(f);
  const auto at = std::min(static_cast<std::size_t>(offset), all.size());
  const auto wanted = static_cast<std::size_t>(bytes);
  const auto there = std::min(wanted, all.size() - at);
  std::memcpy(out, all.data() + at, there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + there, 0, wanted - there);  // SQLite asks for this
  return SQLITE_IOERR_SHORT_READ;
}

// Gives SQLite the page where it lies, instead of a copy.
int fetch(sqlite3_file* f, sqlite3_int64 offset, int bytes, void** page) {
  const auto all = content(f);
  const bool inside = static_cast<std::size_t>(offset) + static_cast<std::size_t>(bytes) <= all.size();
  // The interface has no const; SQLite writes only to files that it has opened for writing.
  *page = inside ? const_cast<unsigned char*>(all.data() + offset) : nullptr;
  return SQLITE_OK;
}

const sqlite3_io_methods io = {
    .iVersion = 3,
    .xClose = [](sqlite3_file*) { return SQLITE_OK; },
    .xRead = read,
    .xWrite = [](sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; },
    .xTruncate = [](sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; },
    .xSync = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xFileSize =
        [](sqlite3_file* f, sqlite3_int64* size) {
          *size = static_cast<sqlite3_int64>(content(f).size());
          return SQLITE_OK;
        },
    // One connection, one thread, and the image does not change during a transaction: nothing to lock.
    .xLock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xCheckReservedLock =
        [](sqlite3_file*, int* reserved) {
          *reserved = 0;
          return SQLITE_OK;
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return 4096; },
    .xDeviceCharacteristics = [](sqlite3_file*) { return 0; },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = fetch,
    .xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; },
};

int open(sqlite3_vfs* vfs, const char*, sqlite3_file* f, int flags, int* out_flags) {
  f->pMethods = nullptr;
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
  *reinterpret_cast<image_file*>(f) = {{&io}, static_cast<const page_image*>(vfs->pAppData)};
  if (out_flags) *out_flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int room, char* out) {
  sqlite3_snprintf(room, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

image_vfs::image_vfs(std::string name, const page_image& image) : name_(std::move(name)) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(image_file);
  vfs_.mxPathname = 512;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = const_cast<page_image*>(&image);  // read only, see fetch
  vfs_.xOpen = open;
  vfs_.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_OK; };
  vfs_.xAccess = [](sqlite3_vfs*, const char*, int, int* there) {
    *there = 0;  // no journal beside the image
    return SQLITE_OK;
  };
  vfs_.xFullPathname = full_name;
  vfs_.xRandomness = [](sqlite3_vfs*, int, char*) { return 0; };
  vfs_.xSleep = [](sqlite3_vfs*, int) { return 0; };
  vfs_.xCurrentTime = [](sqlite3_vfs*, double* day) {
    *day = 0;
    return SQLITE_OK;
  };
  vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  sqlite3_vfs_register(&vfs_, 0);
}

}  // namespace penstock::sqlite::detail
