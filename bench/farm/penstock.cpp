// Penstock with default options and a worker per core, which source and sink share.
#include <penstock/penstock.hpp>

#include <optional>

#include "farm/workload.hpp"

namespace {

using namespace farms;

struct contender {
  static answer run(order o, const work& w, std::uint64_t n) {
    static penstock::runtime machinery;
    results all(o == order::kept);
    const penstock::pipeline line{
        "farm",
        penstock::producer({.name = "count"},
                           [i = std::uint64_t{0}, n]() mutable -> std::optional<std::uint64_t> {
                             if (i == n) return std::nullopt;
                             return i++;
                           }),
        penstock::transform({.name = "work",
                             .workers = cores(),
                             .order = o == order::kept ? penstock::order::kept : penstock::order::any},
                            [w](std::uint64_t i) { return w(i); }),
        penstock::consumer({.name = "sum"}, [&all](std::uint64_t v) { all.add(v); })};
    machinery.run(line).rethrow();
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
