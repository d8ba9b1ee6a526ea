// A folder that lives as long as a test, and sources of bytes that arrive in pieces.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <penstock/connectors/files.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace penstock::test {

class temp_folder {
 public:
  temp_folder() : path_((std::filesystem::temp_directory_path() / "penstock-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + path_);
  }
  ~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return std::filesystem::path(path_) / name;
  }

  // Writes a file, and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const {
    const auto path = *this / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

 private:
  std::string path_;
};

// The text as a source that gives at most `piece` bytes at a time.
inline files::source pieces(std::string text, std::size_t piece = std::string::npos) {
  return {"test", [text = std::move(text), piece, at = std::size_t{0}](std::span<char> into) mutable {
            const std::size_t size = std::min({into.size(), piece, text.size() - at});
            std::copy_n(text.data() + at, size, into.data());
            at += size;
            return size;
          }};
}

// What the call's std::system_error says; empty if it threw none.
template <class F>
std::string failure_of(F&& call) {
  try {
    call();
  } catch (const std::system_error& e) {
    return e.what();
  }
  return {};
}

}  // namespace penstock::test
