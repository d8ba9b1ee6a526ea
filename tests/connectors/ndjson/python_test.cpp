// On damaged lines as on good ones, what is accepted and what is in it are what Python's json module says.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <penstock/connectors/ndjson.hpp>
#include <random>

#include "connectors/files/temp_folder.hpp"

namespace penstock::ndjson {
namespace {

// A line per line: "bad", or the kinds of a and b with the texts of strings and numbers, and a bar behind each, so that
// a carriage return in b is no part of a line end. Python is laxer than RFC 8259
// in two points (NaN and the like; halves of surrogate pairs), and takes the last of two equal keys.
constexpr const char* script = R"(
import json, sys
def refuse(_): raise ValueError
def pairs(found): return ('object', found)
def text(t): return ('number', t)
def show(v):
    if v is None: return 'null'
    if isinstance(v, bool): return 'boolean'
    if isinstance(v, str): return 'string ' + v
    return 'number ' + v[1] if isinstance(v, tuple) and v[0] == 'number' else 'nested'
def judge(line):
    try:
        v = json.loads(line, object_pairs_hook=pairs, parse_constant=refuse, parse_float=text, parse_int=text)
        json.dumps(v, ensure_ascii=False).encode()
    except ValueError:
        return 'bad'
    if not isinstance(v, tuple) or v[0] != 'object': return 'bad'
    keys = [key for key, _ in v[1]]
    if len(set(keys)) != len(keys) or not set(keys) <= {'a', 'b'}: return 'bad'
    return show(dict(v[1]).get('a')) + '|' + show(dict(v[1]).get('b')) + '|'
with open(sys.argv[1], encoding='utf-8', newline='\n') as lines, open(sys.argv[2], 'w', encoding='utf-8', newline='\n') as out:
    for line in lines:
        if line.strip(' \t\r\n'): out.write(judge(line).replace('\n', '<LF>') + '\n')
)";

std::string shown(const cell& c) {
  switch (c.kind()) {
    case kind::null: return "null";
    case kind::boolean: return "boolean";
    case kind::nested: return "nested";
    case kind::string: return "string " + std::string(c.text());
    default: return "number " + std::string(c.text());
  }
}

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  // An object with the keys a and b, most often damaged in one or two places.
  std::string line() {
    std::string result = pick({"", " "});
    result += '{';
    const std::size_t keys = below(3);
    if (keys > 0) result.append("\"a\":").append(value(0));
    if (keys > 1) result.append(",\"b\": ").append(value(0));
    result.append("}").append(pick({"", " "}));
    for (std::size_t i = below(3); i > 0; --i) {
      const std::size_t at = below(result.size());
      constexpr std::string_view damage = "{}[],:\"\\ 01-.eEtrufalsn\t";
      const std::size_t kind = below(3);
      if (kind != 0) result.erase(at, 1);
      if (kind != 1) result.insert(at, 1, damage[below(damage.size())]);
    }
    return result;
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  std::string pick(std::initializer_list<const char*> from) { return from.begin()[below(from.size())]; }

  std::string value(int depth) {
    switch (below(depth < 3 ? 8 : 6)) {
      case 0: return pick({"0", "-1", "9223372036854775808", "18446744073709551616", "1234567"});
      case 1: return pick({"1.50", "-0", "0.1e5", "1E+3", "-2.5e-7", "1e400"});
      case 2: return pick({"true", "false", "null"});
      case 6: return list('[', ']', "", depth);
      case 7: return list('{', '}', "\"x\" : ", depth);
      default: break;
    }
    std::string text = "\"";
    for (std::size_t i = below(5); i > 0; --i)
      text += pick({"a", " ", "\\n", "\\\"", "\\u00e4", "\\ud83d\\udeb0", "\\\\", "/", ",", "}", "[", ":"});
    return text + "\"";
  }
  std::string list(char open, char close, const char* key, int depth) {
    std::string result(1, open);
    for (std::size_t i = 0, size = below(4); i < size; ++i)
      result.append(i > 0 ? ", " : "").append(key).append(value(depth + 1));
    return result + close;
  }

  std::mt19937 random_;
};

TEST(ndjson_as_python, the_same_lines_are_accepted_with_the_same_values) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  const test::temp_folder folder;
  generator make(seed);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += make.line() + "\n";
  const auto lines = folder.write("lines.ndjson", text);
  const auto out = folder / "python.out";
  const std::string command =
      "python3 '" + folder.write("judge.py", script).string() + "' '" + lines.string() + "' '" + out.string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << "this test needs python3";

  files::lines judgements(out);
  const schema want({"a", "b"});
  blocks source({lines});
  std::size_t accepted = 0;
  while (auto block = source.next()) {
    const std::size_t records = block->records;
    const rows got = parse(std::move(*block), want);
    ASSERT_EQ(records, got.size() + got.rejected.size());
    for (std::size_t good = 0, bad = 0; good + bad < records;) {
      const auto judgement = judgements();
      ASSERT_TRUE(judgement);
      if (good < got.size() && (bad == got.rejected.size() || got.line(good) < got.rejected[bad].line)) {
        std::string ours = shown(got.cell(good, 0)) + "|" + shown(got.cell(good, 1)) + "|";
        for (std::size_t at = 0; (at = ours.find('\n', at)) != std::string::npos;) ours.replace(at, 1, "<LF>");
        ASSERT_EQ(ours, *judgement) << "line " << got.line(good);
        ++good;
        ++accepted;
      } else {
        ASSERT_EQ("bad", *judgement) << "line " << got.rejected[bad].line << ": " << got.rejected[bad].text;
        ++bad;
      }
    }
  }
  EXPECT_GT(accepted, 5'000U);
}

}  // namespace
}  // namespace penstock::ndjson
