// expect: dead_letter belongs around retry
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_dead_letter_stands_inside_of_a_retry() {
  using namespace penstock;
#ifdef MISTAKE
  static queue<dead<int>> letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, retry({}, dead_letter(letters, [](int) {})))};
#else
  static queue<dead<int>> letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, dead_letter(letters, retry({}, [](int) {})))};
#endif
}

}  // namespace compile_fail
