// expect: must be a penstock::queue<penstock::dead<item>>
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_dead_letter_has_no_error() {
  using namespace penstock;
#ifdef MISTAKE
  static queue<int> letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, dead_letter(letters, [](int) {}))};
#else
  static queue<dead<int> > letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, dead_letter(letters, [](int) {}))};
#endif
}

}  // namespace compile_fail
