#include <penstock/connectors/files.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <system_error>

#include <penstock/base/error.hpp>
#include <penstock/connectors/detail/find.hpp>
#include <penstock/connectors/detail/input.hpp>

namespace penstock::files {
namespace {

constexpr std::size_t read_bytes = std::size_t{256} << 10;

// Here "-" is a file of that name, not standard input: only sources of records give it a meaning.
detail::input open(const std::filesystem::path& path) {
  return detail::input(source(path == "-" ? std::filesystem::path("./-") : path));
}

// Appends until `wanted` bytes are there or the file ends; says whether it ended.
bool append(std::string& to, detail::input& from, std::size_t wanted) {
  std::size_t have = to.size();
  to.resize(wanted);
  while (have < wanted) {
    const std::size_t got = from.read(std::span(to).subspan(have));
    if (got == 0) break;
    have += got;
  }
  to.resize(have);
  return have < wanted;
}

}  // namespace

std::string whole(const std::filesystem::path& path) {
  detail::input from = open(path);
  std::string content;
  // One byte more than the size, so that the read which finds the end needs no room made for it.
  std::size_t wanted = static_cast<std::size_t>(from.size().value_or(read_bytes)) + 1;
  while (!append(content, from, wanted)) wanted += std::max(wanted, read_bytes);
  content.shrink_to_fit();
  return content;
}

void require_readable(std::span<const std::string> paths) {
  for (const std::string& path : paths)
    if (path != "-") const detail::input opened{source(path)};
}

struct lines::position {
  explicit position(const std::filesystem::path& path) : from(open(path)) {}
  detail::input from;
  std::string buffer;
  std::size_t at = 0;  // of what was not returned yet
  bool ended = false;
};

lines::lines(std::filesystem::path path, std::size_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {
  if (max_bytes == 0) throw declaration_error("files::lines: max_bytes is 0");
}

std::optional<std::string> lines::operator()() {
  if (!position_) position_ = std::make_shared<position>(path_);
  position& p = *position_;
  std::size_t scanned = p.at;
  for (;;) {
    const char* const begin = p.buffer.data();
    const char* const end = begin + p.buffer.size();
    const char* const line_feed = detail::find_byte('\n', begin + scanned, end);
    const bool found = line_feed != end;
    if (found || p.ended) {
      if (!found && p.at == p.buffer.size()) return std::nullopt;
      std::string line(begin + p.at, line_feed);
      p.at = static_cast<std::size_t>(line_feed - begin) + (found ? 1 : 0);
      if (found && line.ends_with('\r')) line.pop_back();
      if (line.size() > max_bytes_) break;
      return line;
    }
    p.buffer.erase(0, std::exchange(p.at, 0));
    scanned = p.buffer.size();
    // Two bytes of grace: the line end is not part of the line.
    if (scanned > max_bytes_ + 2) break;
    p.ended = append(p.buffer, p.from, scanned + read_bytes);
  }
  throw std::system_error(
      std::make_error_code(std::errc::value_too_large),
      "cannot read '" + path_.string() + "': a line of more than " + std::to_string(max_bytes_) + " bytes");
}

struct chunks::position {
  explicit position(const std::filesystem::path& path) : from(open(path)) {}
  detail::input from;
  std::uint64_t at = 0;  // the end of the last piece
};

chunks::chunks(std::filesystem::path path, std::size_t bytes, std::size_t read_ahead)
    : path_(std::move(path)), bytes_(bytes), read_ahead_(read_ahead) {
  if (bytes == 0) throw declaration_error("files::chunks: bytes is 0");
}

std::optional<std::string> chunks::operator()() {
  if (!position_) position_ = std::make_shared<position>(path_);
  std::string piece;
  append(piece, position_->from, bytes_);
  if (piece.empty()) return std::nullopt;
  position_->at += piece.size();
  if (read_ahead_ > 0) position_->from.will_need(position_->at, read_ahead_);
  return piece;
}

std::optional<file> whole_files::operator()() {
  if (next_ == paths_.size()) return std::nullopt;
  const std::filesystem::path& path = paths_[next_];
  file next{path, whole(path)};
  ++next_;
  return next;
}

struct directory::listing {
  std::vector<std::filesystem::path> paths;
  std::size_t next = 0;
};

directory::directory(std::filesystem::path root, directory_options options)
    : root_(std::move(root)), options_(std::move(options)) {}

std::optional<std::filesystem::path> directory::operator()() {
  if (!listing_) {
    auto found = std::make_shared<listing>();
    const auto take = [&](const std::filesystem::directory_entry& entry) {
      if (entry.is_regular_file() && ::fnmatch(options_.glob.c_str(), entry.path().filename().c_str(), 0) == 0)
        found->paths.push_back(entry.path());
    };
    try {
      if (options_.depth == depth::recursive) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) take(entry);
      } else {
        for (const auto& entry : std::filesystem::directory_iterator(root_)) take(entry);
      }
    } catch (const std::filesystem::filesystem_error& e) {
      const std::string where = e.path1().empty() ? root_.string() : e.path1().string();
      throw std::system_error(e.code(), "cannot list the directory '" + where + "'");
    }
    std::sort(found->paths.begin(), found->paths.end());
    listing_ = std::move(found);
  }
  if (listing_->next == listing_->paths.size()) return std::nullopt;
  return listing_->paths[listing_->next++];
}

}  // namespace penstock::files
