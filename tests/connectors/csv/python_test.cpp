// On well-formed input the rows are, value for value, those of Python's csv module.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <penstock/connectors/csv.hpp>
#include <random>

#include "connectors/csv/csv_text.hpp"
#include "connectors/files/temp_folder.hpp"

namespace penstock {
namespace {

using test::table;
using test::temp_folder;

constexpr std::string_view field_end = "\x1f";
constexpr std::string_view row_end = "\x1e";

constexpr const char* script = R"(
import csv, sys
csv.field_size_limit(1 << 30)
out = open(sys.argv[2], 'w', encoding='utf-8', newline='')
with open(sys.argv[1], encoding='utf-8-sig', newline='') as f:
    for row in csv.reader(f, strict=True, delimiter=sys.argv[3]):
        if row:
            for field in row: out.write(field + '\x1f')
            out.write('\x1e')
out.close()
)";

// The table as Python reads it.
table python_reads(const temp_folder& folder, const std::filesystem::path& path, char delimiter) {
  const auto script_path = folder.write("read.py", script);
  const auto out = folder / "python.out";
  const std::string command =
      "python3 '" + script_path.string() + "' '" + path.string() + "' '" + out.string() + "' '" + delimiter + "'";
  const int status = std::system(command.c_str());
  if (status != 0) throw std::runtime_error("this test needs python3, and '" + command + "' failed");
  const std::string text = files::whole(out);
  table result;
  std::string_view rest = text;
  while (!rest.empty()) {
    auto& row = result.emplace_back();
    while (!rest.starts_with(row_end)) {
      const auto size = rest.find(field_end);
      row.emplace_back(rest.substr(0, size));
      rest.remove_prefix(size + 1);
    }
    rest.remove_prefix(1);
  }
  return result;
}

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  // Well-formed rows with everything that is allowed in them.
  std::string text(std::size_t rows, char delimiter) {
    const std::size_t columns = 1 + below(6);
    std::string result = below(2) == 0 ? "\xEF\xBB\xBF" : "";
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        if (c > 0) result += delimiter;
        // An empty plain field alone in its row would be a blank line.
        result += below(3) == 0 ? quoted() : plain(columns == 1 ? 1 : 0, delimiter);
      }
      if (r + 1 < rows || below(2) == 0) result += below(2) == 0 ? "\n" : "\r\n";
      if (below(50) == 0 && result.ends_with('\n')) result += "\r\n\n";
    }
    return result;
  }

 private:
  std::string plain(std::size_t shortest, char delimiter) {
    std::string field;
    for (std::size_t i = shortest + below(12); i > 0; --i) {
      const auto piece = ordinary[below(std::size(ordinary))];
      if (piece.find(delimiter) == std::string_view::npos) field += piece;
    }
    return field.empty() && shortest > 0 ? "x" : field;
  }
  std::string quoted() {
    std::string field = "\"";
    for (std::size_t i = below(8); i > 0; --i) {
      if (below(3) == 0) {
        field += special[below(std::size(special))];
      } else {
        field += ordinary[below(std::size(ordinary))];
      }
    }
    return field + "\"";
  }

  static constexpr std::string_view ordinary[] = {
      "a", "b", "1", " ", "'", "long words", "ä", "日本", "\xF0\x9F\x9A\xB0", "\t", "\\"};
  static constexpr std::string_view special[] = {",", ";", "\n", "\r\n", "\r", "\"\"", "\"\"\"\""};
  std::mt19937 random_;
};

TEST(csv_as_python, generated_files_read_the_same) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  generator make(seed);
  const temp_folder folder;
  for (int round = 0; round < 12; ++round) {
    const char delimiter = round % 3 == 2 ? ';' : ',';
    const auto path = folder.write("generated.csv", make.text(1 + make.below(800), delimiter));
    const csv::dialect how{.delimiter = delimiter};
    const auto ours = test::read_all(
        csv::blocks(
            {path},
            {.dialect = how, .header = csv::header::none, .rows = 1 + make.below(300), .bytes = 1 + make.below(9000)}),
        how);
    ASSERT_TRUE(ours.rejected.empty()) << "seed " << seed << ": " << ours.rejected[0].reason << " on line "
                                       << ours.rejected[0].line;
    ASSERT_EQ(ours.good, python_reads(folder, path, delimiter)) << "seed " << seed;
  }
}

TEST(csv_as_python, the_ieee_registry_reads_the_same) {
  const temp_folder folder;
  for (const char* name : {"oui.csv", "mam.csv", "oui36.csv", "iab.csv"}) {
    const auto path = std::filesystem::path("/usr/share/ieee-data") / name;
    if (!std::filesystem::exists(path)) continue;
    const auto ours = test::read_all(csv::blocks({path}, {.header = csv::header::none}));
    EXPECT_TRUE(ours.rejected.empty()) << ours.rejected[0].reason << " on line " << ours.rejected[0].line;
    EXPECT_EQ(ours.good, python_reads(folder, path, ',')) << name;
  }
}

}  // namespace
}  // namespace penstock
