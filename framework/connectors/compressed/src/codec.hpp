// What the formats have in common: a stream that is unpacked step by step, member after member.
#pragma once

#include <memory>
#include <string>

#include <penstock/connectors/compressed.hpp>

namespace penstock::compressed::detail {

class codec {
 public:
  explicit codec(std::string name) : name_(std::move(name)) {}
  virtual ~codec() = default;
  codec(const codec&) = delete;
  codec& operator=(const codec&) = delete;

  virtual decoder::progress decode(std::string_view in, std::span<char> out) = 0;
  virtual void end() const = 0;

  static std::unique_ptr<codec> gzip(std::string name);
  static std::unique_ptr<codec> zstd(std::string name);
  static std::unique_ptr<codec> plain(std::string name);

 protected:
  [[noreturn]] void fail(errc cause, const std::string& clause) const { throw error(cause, name_ + " " + clause); }
  [[noreturn]] void fail_truncated(const char* format) const {
    fail(errc::truncated, std::string("ends in the middle of its ") + format + " data");
  }

 private:
  std::string name_;
};

}  // namespace penstock::compressed::detail
