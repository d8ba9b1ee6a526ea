// Text inside the quotes of Graphviz DOT.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

inline std::string dot_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace penstock
