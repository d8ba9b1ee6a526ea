// Batches of files, one result for each: what a file gave, or why it could not be read.
//
//   producer ({.name = "find", .on = place::blocking}, files::walk("texts", {.glob = "*.txt"})),
//   transform({.name = "read", .workers = 5, .capacity = 4, .on = place::blocking}, files::read_each()),
//
// The workers of the stage are how many files are open at once, and the threads of `place::blocking` are what waits for
// the disk; no CPU worker does. A file that cannot be opened or read is a result like the others: neither the rest of
// its batch nor the run suffers. Any other exception is the stage's, and its error policy decides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <penstock/connectors/files/opened_file.hpp>
#include <penstock/connectors/files/walk.hpp>

namespace penstock::files {

/// What became of one file: a `T`, or a failure.
template <class T>
class [[nodiscard]] file_result {
 public:
  file_result(std::string path, T value) : path_(std::move(path)), held_(std::in_place_index<0>, std::move(value)) {}
  file_result(std::string path, file_failure why)
      : path_(std::move(path)), held_(std::in_place_index<1>, std::move(why)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  [[nodiscard]] explicit operator bool() const noexcept { return held_.index() == 0; }

  /// Only if there is a value; throws `std::bad_variant_access` otherwise, as `failure` does if there is one.
  [[nodiscard]] T& operator*() { return std::get<0>(held_); }
  [[nodiscard]] const T& operator*() const { return std::get<0>(held_); }
  [[nodiscard]] T* operator->() { return &std::get<0>(held_); }
  [[nodiscard]] const T* operator->() const { return &std::get<0>(held_); }

  [[nodiscard]] const file_failure& failure() const { return std::get<1>(held_); }

 private:
  std::string path_;
  std::variant<T, file_failure> held_;
};

/// See `open_each`.
template <class F>
class open_each_body {
 public:
  using value = std::invoke_result_t<F&, opened_file&>;
  static_assert(!std::is_void_v<value>, "penstock: what open_each calls must return what it made of the file");
  using result = file_result<value>;

  explicit open_each_body(F function) : function_(std::move(function)) {}

  result operator()(std::string path) {
    try {
      opened_file file(path);
      value made = function_(file);
      return {std::move(path), std::move(made)};
    } catch (const std::system_error& e) {
      return {std::move(path), file_failure{e.code(), e.what()}};
    }
  }

  result operator()(found file) {
    if (file.failure) return {std::move(file.path), std::move(file.failure)};
    return (*this)(std::move(file.path));
  }

  std::vector<result> operator()(std::vector<std::string> paths) { return all(std::move(paths)); }
  std::vector<result> operator()(std::vector<found> files) { return all(std::move(files)); }

 private:
  template <class Batch>
  std::vector<result> all(Batch batch) {
    std::vector<result> results;
    results.reserve(batch.size());
    for (auto& one : batch) results.push_back((*this)(std::move(one)));
    return results;
  }

  F function_;
};

/// A body that opens each path, or each of a batch of them, and calls `function(opened_file&)`; its result is what it
/// returned, in a `file_result`, in the order of the batch. `std::system_error` from the open or from `function` is the
/// failure of that file. Each worker has a copy of `function`, which may therefore keep a buffer.
template <class F>
[[nodiscard]] auto open_each(F&& function) {
  return open_each_body<std::decay_t<F>>(std::forward<F>(function));
}

struct read_each_options {
  /// In bytes; a larger file is a failure (`file_too_large`) and is not read. More files than one are in memory: those
  /// of a batch, for each worker and each place on the edge behind it.
  std::size_t largest = std::size_t{64} << 20;
};

/// `open_each` for the whole content: `file_result<std::string>`.
[[nodiscard]] inline auto read_each(read_each_options options = {}) {
  return open_each([largest = options.largest](opened_file& file) {
    constexpr std::size_t step = std::size_t{256} << 10;
    std::string content;
    const auto refuse = [&] {
      throw std::system_error(
          std::make_error_code(std::errc::file_too_large),
          "cannot read '" + file.path() + "' whole: it has more than " + std::to_string(largest) + " bytes");
    };
    if (file.size() > largest) refuse();
    // One byte more than the size, so that a file that did not grow needs no further read.
    for (std::size_t wanted = static_cast<std::size_t>(file.size()) + 1;; wanted += std::max(wanted, step)) {
      const auto have = content.size();
      content.resize(wanted);
      const auto got = file.read({content.data() + have, wanted - have});
      content.resize(have + got);
      if (content.size() > largest) refuse();
      if (have + got < wanted) return content;
    }
  });
}

}  // namespace penstock::files
