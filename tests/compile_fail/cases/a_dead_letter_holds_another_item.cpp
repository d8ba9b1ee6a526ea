// expect: must hold penstock::dead of what the stage is given
#include <penstock/penstock.hpp>

namespace compile_fail {

inline penstock::pipeline a_dead_letter_holds_another_item() {
  using namespace penstock;
#ifdef MISTAKE
  static queue<dead<long>> letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, dead_letter(letters, [](int) {}))};
#else
  static queue<dead<int>> letters(1);
  return {"p", producer({.name = "numbers"}, std::vector<int>{}),
          consumer({.name = "c"}, dead_letter(letters, [](int) {}))};
#endif
}

}  // namespace compile_fail
