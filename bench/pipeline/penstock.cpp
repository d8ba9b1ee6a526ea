// Penstock with default options: edges of 1024, one CPU worker per core, everything accounted for. Bodies take their
// item by &&, as the guide recommends, where it lies on the edge.
#include <penstock/penstock.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/workload.hpp"

namespace {

using namespace pipelines;

struct contender {
  static constexpr bool many_stages = true;

  template <class Item>
  static auto source(std::uint64_t n) {
    return penstock::producer({.name = "make"}, [i = std::uint64_t{0}, n]() mutable -> std::optional<Item> {
      if (i == n) return std::nullopt;
      return make<Item>(i++);
    });
  }

  template <class Item>
  static auto stage(std::string name, std::size_t workers = 1) {
    return penstock::transform({.name = std::move(name), .workers = workers},
                               [](Item&& item) { return step(std::move(item)); });
  }

  template <class Item>
  static auto sink(answer& all) {
    return penstock::consumer({.name = "sum"}, [&all](const Item& item) { all.add(carried(item)); });
  }

  static penstock::runtime& machinery() {
    static penstock::runtime one;
    return one;
  }

  static answer run(const penstock::pipeline& line, const answer& all, penstock::runtime& on = machinery()) {
    on.run(line).rethrow();
    return all;
  }

  template <class Item>
  static answer line(std::size_t k, std::size_t workers, std::uint64_t n, penstock::runtime& on = machinery()) {
    answer all;
    std::vector<decltype(stage<Item>(""))> stages;
    for (std::size_t s = 0; s < k; ++s) stages.push_back(stage<Item>("step " + std::to_string(s), workers));
    return run({"line", source<Item>(n), penstock::sequence(std::move(stages)), sink<Item>(all)}, all, on);
  }

  template <class Item>
  static answer serial(std::size_t k, std::uint64_t n) {
    return line<Item>(k, 1, n);
  }

  static answer parallel(std::size_t k, std::size_t workers, std::uint64_t n) {
    return line<std::uint64_t>(k, workers, n);
  }

  static answer scaled(std::size_t k, std::size_t threads, std::uint64_t n) {
    static std::map<std::size_t, penstock::runtime> of_threads;
    auto& on = of_threads.try_emplace(threads, penstock::runtime_options{.cpu_workers = threads}).first->second;
    return line<std::uint64_t>(k, threads, n, on);
  }

  static answer tee(std::uint64_t n) {
    using item = std::uint64_t;
    answer all;
    return run({"tee", source<item>(n),
                penstock::tee({.name = "copy"}, penstock::branch(stage<item>("left")),
                              penstock::branch(stage<item>("right"), stage<item>("right again"))),
                sink<item>(all)},
               all);
  }

  static answer route(std::uint64_t n) {
    using item = std::uint64_t;
    answer all;
    return run({"route", source<item>(n),
                penstock::route({.name = "which"}, goes_first, penstock::branch(stage<item>("left")),
                                penstock::branch(stage<item>("right"), stage<item>("right again"))),
                sink<item>(all)},
               all);
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
