// No more items are in a run with keyed stages and resequences than its plan says, at any moment, on real threads.
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "penstock/penstock.hpp"
#include "support/runs.hpp"

namespace {

using namespace penstock;
using namespace penstock_tests;

/// An item that counts how many of it are alive; a moved-from one is none.
class alive {
 public:
  alive(crowd& c, int number) : crowd_(&c), number_(number) { c.enter(); }
  alive(alive&& other) noexcept : crowd_(std::exchange(other.crowd_, nullptr)), number_(other.number_) {}
  ~alive() {
    if (crowd_ != nullptr) crowd_->leave();
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  crowd* crowd_;
  int number_;
};

/// Counts, each four numbers the other way round.
auto source(crowd& c) {
  return producer({.name = "make"}, [&c, n = 0]() mutable -> std::optional<alive> {
    if (n == 4000) return std::nullopt;
    return alive(c, n++ ^ 3);
  });
}

void expect_within_bound(const pipeline& line, crowd& c) {
  SCOPED_TRACE(line.mermaid());
  runtime rt({.cpu_workers = 3});
  EXPECT_TRUE(finish(rt, line).ok());
  EXPECT_EQ(c.inside(), 0);
  EXPECT_LE(c.most(), static_cast<long>(line.bound()));
}

TEST(keyed_run, never_exceeds_the_bound_of_its_plan) {
  for (const std::size_t workers : {1U, 4U}) {
    for (const std::size_t capacity : {1U, 7U, 64U}) {
      for (const auto where : {place::cpu, place::blocking}) {
        const keyed_options how{.name = "keys", .workers = workers, .capacity = capacity, .on = where};
        const auto key_of = [](const alive& a) { return a.number() % 10; };
        crowd c;
        expect_within_bound({"p", source(c), keyed_transform(how, key_of, [](alive a) { return a; }),
                             consumer({.name = "sink", .capacity = capacity, .on = where}, [](alive) {})},
                            c);
        crowd of_two_stages;  // with a most of its own
        expect_within_bound({"p", source(of_two_stages), keyed_consumer(how, key_of, [](alive) {})}, of_two_stages);
      }
    }
  }
}

TEST(resequence_run, never_exceeds_the_bound_of_its_plan) {
  for (const std::size_t capacity : {1U, 7U, 64U}) {
    for (const auto where : {place::cpu, place::blocking}) {
      crowd c;
      expect_within_bound(
          {"p", source(c), resequence({.name = "in order", .window = 3, .capacity = capacity}, &alive::number),
           consumer({.name = "sink", .capacity = capacity, .on = where}, [](alive) {})},
          c);
    }
  }
}

}  // namespace
