// Penstock with default options and a worker per core, which source and sink share.
#include <penstock/penstock.hpp>

#include <map>
#include <optional>

#include "farm/workload.hpp"

namespace {

using namespace farms;

struct contender {
  static answer run(order o, const work& w, std::uint64_t n) {
    static std::map<std::size_t, penstock::runtime> machines;  // one, except where it is asked how farms grow
    auto& machinery =
        machines.try_emplace(threads(), penstock::runtime_options{.cpu_workers = threads()}).first->second;
    results all(o == order::kept);
    const penstock::pipeline line{
        "farm",
        penstock::producer({.name = "count"},
                           [i = std::uint64_t{0}, n]() mutable -> std::optional<std::uint64_t> {
                             if (i == n) return std::nullopt;
                             return i++;
                           }),
        penstock::transform({.name = "work",
                             .workers = threads(),
                             .order = o == order::kept ? penstock::order::kept : penstock::order::any},
                            [w](std::uint64_t i) { return w(i); }),
        penstock::consumer({.name = "sum"}, [&all](std::uint64_t v) { all.add(v); })};
    machinery.run(line).rethrow();
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
