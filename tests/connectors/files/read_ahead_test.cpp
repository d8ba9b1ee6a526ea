#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <penstock/connectors/files.hpp>
#include <vector>

#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::temp_folder;

constexpr std::size_t megabyte = std::size_t{1} << 20;

// How much of the file is in the system's cache, in pages.
std::size_t cached(int descriptor, std::size_t offset, std::size_t bytes) {
  void* const at = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(offset));
  if (at == MAP_FAILED) return 0;
  std::vector<unsigned char> pages((bytes + 4095) / 4096);
  const int error = ::mincore(at, bytes, pages.data());
  ::munmap(at, bytes);
  std::size_t count = 0;
  for (const auto page : pages) count += page & 1U;
  return error == 0 ? count : 0;
}

TEST(chunks, with_read_ahead_give_the_same_pieces) {
  const temp_folder folder;
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
  const auto path = folder.write("a", content);
  for (const std::size_t ahead : {std::size_t{0}, std::size_t{1}, megabyte, std::size_t{1} << 40, SIZE_MAX}) {
    files::chunks source(path, 4'097, ahead);
    std::string together;
    while (auto piece = source()) together += *piece;
    EXPECT_EQ(together, content) << ahead;
  }
}

TEST(chunks, with_read_ahead_have_the_next_bytes_fetched_while_nobody_reads) {
  char path[] = "/var/tmp/penstock-XXXXXX";  // a folder for temporary files is often memory, which fetches nothing
  const int descriptor = ::mkstemp(path);
  ASSERT_GE(descriptor, 0);
  const std::string content(8 * megabyte, 'x');
  ASSERT_EQ(::write(descriptor, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  ASSERT_EQ(::fsync(descriptor), 0);
  ASSERT_EQ(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
  const bool forgets = cached(descriptor, 0, content.size()) == 0;
  bool fetched = false;
  if (forgets) {
    files::chunks source(path, 4'096, 6 * megabyte);
    EXPECT_TRUE(source());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do fetched = cached(descriptor, 4 * megabyte, megabyte) == 256;
    while (!fetched && std::chrono::steady_clock::now() < deadline);
  }
  ::unlink(path);
  ::close(descriptor);
  if (!forgets) GTEST_SKIP() << "this file system does not let go of what it has in memory";
  EXPECT_TRUE(fetched);
}

}  // namespace
}  // namespace penstock
