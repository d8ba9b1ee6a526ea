#include "branches/shapes.hpp"

#include <stdexcept>

namespace penstock_tests::branches {

namespace {

bool is_bad(int id) { return id % 5 == 2; }

void look_at(const drawn& it, const thing& one, char letter) {
  if (letter == it.bad_letter && is_bad(one.id)) throw std::runtime_error("bad");
}

/// Draws the shapes.
struct artist {
  drawn& it;

  std::size_t capacity() { return it.throw_dice(3) == 0 ? 1 : it.throw_dice(20) + 1; }

  auto range(std::string name) {
    return producer({.name = std::move(name)}, [n = 0, end = it.items]() mutable -> std::optional<thing> {
      if (n == end) return std::nullopt;
      return thing(n++);
    });
  }
  auto from_queue() { return producer({.name = "queue"}, it.input); }
  auto step(char letter) {
    const auto workers = it.throw_dice(3) + 1;
    const auto how = it.throw_dice(4) == 0 ? order::any : order::kept;
    if (workers > 1 && how == order::any) it.kept = false;
    return transform(
        {.name = std::string(1, letter), .workers = workers, .capacity = capacity(), .order = how, .on_error = skip},
        [&it = it, letter](thing one) {
          look_at(it, one, letter);
          one.way += letter;
          return one;
        });
  }
  auto wait(char letter) {
    return async_transform({.name = std::string(1, letter),
                            .workers = it.throw_dice(4) + 1,
                            .capacity = capacity(),
                            .order = order::kept,
                            .on_error = skip},
                           [&it = it, letter](thing one) -> boost::asio::awaitable<thing> {
                             look_at(it, one, letter);
                             co_await async_sleep(std::chrono::microseconds(one.id % 3));
                             one.way += letter;
                             co_return one;
                           });
  }
  auto end(const std::string& name) {
    return consumer({.name = name, .capacity = capacity()},
                    [&it = it, name](const thing& one) { it.got.note(name, one); });
  }
  tee_options copy(std::string name) { return {.name = std::move(name), .capacity = capacity()}; }
  route_options by(std::string name) { return {.name = std::move(name), .capacity = capacity()}; }
  merge_options all(std::string name) { return {.name = std::move(name), .capacity = capacity()}; }

  static bool even(const thing& one) { return one.id % 2 == 0; }
  static int third(const thing& one) { return one.id % 3; }

  void archive() {
    it.line.emplace("archive", from_queue(), step('a'), tee(copy("copy"), branch(step('b'), end("archive")), branch()),
                    step('c'), end("end"));
    it.ways = [](int) { return drawn::way_list{{"archive", "ab"}, {"end", "ac"}}; };
  }
  void three_ways() {
    auto pages = consumer({.name = "pages", .capacity = capacity()}, [&it = it](const std::vector<thing>& page) {
      for (const auto& one : page) it.got.note("pages", one);
    });
    it.line.emplace(
        "three ways", range("range"),
        route(by("third"), third, branch(step('a')), branch(),
              branch(batch({.name = "page", .count = it.throw_dice(9) + 1, .capacity = capacity()}), pages)),
        step('b'), end("end"));
    it.ways = [](int id) {
      using list = drawn::way_list;
      return id % 3 == 0 ? list{{"end", "ab"}} : id % 3 == 1 ? list{{"end", "b"}} : list{{"pages", ""}};
    };
  }
  void tee_in_a_route() {
    it.line.emplace(
        "tee in a route", from_queue(),
        route(by("even"), even, branch(step('a'), tee(copy("copy"), branch(step('b')), branch(step('c'))), step('d')),
              branch(step('e'))),
        end("end"));
    it.ways = [](int id) {
      using list = drawn::way_list;
      return id % 2 == 0 ? list{{"end", "abd"}, {"end", "acd"}} : list{{"end", "e"}};
    };
  }
  void route_in_a_tee() {
    it.line.emplace(
        "route in a tee", range("range"),
        tee(copy("copy"),
            branch(route(by("third"), third, branch(end("0")), branch(step('a'), end("1")), branch(end("2")))),
            branch(step('b'), route(by("even"), even, branch(step('c')), branch())), branch(step('d'))),
        end("end"));
    it.ways = [](int id) {
      return drawn::way_list{
          {std::to_string(id % 3), id % 3 == 1 ? "a" : ""}, {"end", id % 2 == 0 ? "bc" : "b"}, {"end", "d"}};
    };
  }
  void merged() {
    it.line.emplace("merged", merge(all("all"), branch(range("range"), step('a')), branch(from_queue())),
                    route(by("even"), even, branch(step('b')), branch(step('c'))),
                    tee(copy("copy"), branch(end("1")), branch(step('d'), end("2"))));
    it.ways = [](int id) {
      const std::string way = id % 2 == 0 ? "b" : "c";
      return drawn::way_list{{"1", way}, {"2", way + "d"}, {"1", "a" + way}, {"2", "a" + way + "d"}};
    };
  }
  void merge_in_a_merge() {
    it.line.emplace(
        "merge in a merge",
        merge(all("all"),
              branch(merge(all("some"), branch(range("range"), step('a')), branch(from_queue(), step('b'))), step('c')),
              branch(range("again"), tee(copy("copy"), branch(step('d'), end("log")), branch())),
              branch(range("bare"), step('e'))),
        end("end"));
    it.ways = [](int) {
      return drawn::way_list{{"end", "ac"}, {"end", "bc"}, {"log", "d"}, {"end", ""}, {"end", "e"}};
    };
  }
  void tee_in_a_tee_in_a_tee() {
    it.line.emplace("tee in a tee in a tee", from_queue(),
                    tee(copy("1"),
                        branch(step('a'), tee(copy("2"), branch(tee(copy("3"), branch(step('b')), branch(step('c')))),
                                              branch(step('d')))),
                        branch(step('e'))),
                    step('f'), end("end"));
    it.ways = [](int) { return drawn::way_list{{"end", "abf"}, {"end", "acf"}, {"end", "adf"}, {"end", "ef"}}; };
  }
  void coroutines() {
    it.line.emplace("coroutines", from_queue(),
                    route(by("even"), even, branch(wait('a')), branch(step('b'), wait('c'))),
                    tee(copy("copy"), branch(wait('d')), branch(step('e')), branch()), wait('f'), end("end"));
    it.ways = [](int id) {
      const std::string way = id % 2 == 0 ? "a" : "bc";
      return drawn::way_list{{"end", way + "df"}, {"end", way + "ef"}, {"end", way + "f"}};
    };
  }
};

}  // namespace

drawn::drawn(std::uint64_t seed, int how_many)
    : dice_(seed), items(how_many), input(static_cast<std::size_t>(items + 1)) {
  if (throw_dice(2) == 0) bad_letter = static_cast<char>('a' + throw_dice(6));
  for (int n = 0; n < items; ++n) EXPECT_EQ(input.try_put(thing(n)).state, state::ok);
  input.close();
  artist a{*this};
  switch (throw_dice(8)) {
    case 0: a.archive(); break;
    case 1: a.three_ways(); break;
    case 2: a.tee_in_a_route(); break;
    case 3: a.route_in_a_tee(); break;
    case 4: a.merged(); break;
    case 5: a.merge_in_a_merge(); break;
    case 6: a.tee_in_a_tee_in_a_tee(); break;
    default: a.coroutines(); break;
  }
}

ends::census drawn::foretold() const {
  ends::census all;
  for (int id = 0; id < items; ++id) {
    for (const auto& [end, way] : ways(id)) {
      if (!is_bad(id) || way.find(bad_letter) == std::string::npos) ++all[{end, way, id}];
    }
  }
  return all;
}

}  // namespace penstock_tests::branches
