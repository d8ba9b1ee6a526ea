// RFC 4180 as csv.hpp documents it, read byte by byte by somebody in no hurry. Shares nothing with the connector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock_tests {

struct csv_reference {
  struct row {
    std::uint64_t line = 0;
    bool good = false;
    std::vector<std::string> fields = {};  ///< of a good one
    std::string text = {};                 ///< of a malformed one, without its line end
    bool operator==(const row&) const = default;
  };

  char delimiter = ',';
  char quote = '"';
  std::size_t columns = 0;  ///< 0: the first good row decides
  bool any_bytes = false;   ///< as opposed to UTF-8

  [[nodiscard]] std::vector<row> read(std::string_view text) {
    std::vector<row> rows;
    std::uint64_t line = 1;
    while (!text.empty()) {
      const auto size = length_of_the_row(text);
      const auto whole = text.substr(0, size);
      text.remove_prefix(size);
      if (whole != "\n" && whole != "\r\n") rows.push_back(one(whole, line));
      for (const char c : whole) line += c == '\n';
    }
    return rows;
  }

 private:
  /// A row ends with a line feed outside quotes, or with the text. That holds for malformed rows too.
  [[nodiscard]] std::size_t length_of_the_row(std::string_view text) const {
    bool quoted = false, at_a_field = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quoted) {
        if (c != quote) continue;
        if (i + 1 < text.size() && text[i + 1] == quote) {
          ++i;
        } else {
          quoted = at_a_field = false;
        }
        continue;
      }
      if (c == '\n') return i + 1;
      if (c == quote && at_a_field) quoted = true;
      at_a_field = c == delimiter;
    }
    return text.size();
  }

  [[nodiscard]] row one(std::string_view whole, std::uint64_t line) {
    auto body = whole;
    const bool has_end = body.ends_with('\n');
    if (has_end) body.remove_suffix(1);
    // A carriage return belongs to the line end only together with the line feed.
    const auto text = body.ends_with('\r') ? body.substr(0, body.size() - 1) : body;
    row r{.line = line};
    r.good =
        take_apart(has_end ? text : body, r.fields) && whole.find('\0') == whole.npos && (any_bytes || is_utf8(whole));
    if (r.good && columns == 0) columns = r.fields.size();
    r.good = r.good && r.fields.size() == columns;
    if (!r.good) {
      r.fields.clear();
      r.text = text;
    }
    return r;
  }

  bool take_apart(std::string_view body, std::vector<std::string>& fields) const {
    for (std::size_t i = 0;;) {
      auto& field = fields.emplace_back();
      if (i < body.size() && body[i] == quote) {
        for (++i;; ++i) {
          if (i == body.size()) return false;  // never closed
          if (body[i] != quote) {
            field += body[i];
          } else if (i + 1 < body.size() && body[i + 1] == quote) {
            field += body[i++];
          } else {
            break;
          }
        }
        ++i;
        if (i < body.size() && body[i] != delimiter) return false;
      } else {
        for (; i < body.size() && body[i] != delimiter; ++i) {
          if (body[i] == quote || body[i] == '\r') return false;
          field += body[i];
        }
      }
      if (i == body.size()) return true;
      ++i;
    }
  }

  /// By the numbers: each sequence gives a code point that needs so many bytes, is no surrogate and not too large.
  static bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
      };
      const auto lead = byte(i);
      const std::size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 9;
      if (more == 9 || text.size() - i <= more) return false;
      std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
      for (std::size_t n = 1; n <= more; ++n) {
        if (byte(i + n) >> 6 != 2) return false;
        point = point << 6 | (byte(i + n) & 0x3fU);
      }
      constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
      if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
      i += more + 1;
    }
    return true;
  }
};

}  // namespace penstock_tests
