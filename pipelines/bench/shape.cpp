#include "shape.hpp"

#include <fmt/format.h>

#include "quantities.hpp"

namespace bench {
namespace {

std::string rate_text(penstock::rate r) { return amount(per_second_of(r)) + "/s"; }

std::string people(std::size_t n, const char* one, const std::optional<penstock::rate>& each) {
  auto text = fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
  if (each) text += fmt::format(" ({}{})", rate_text(*each), n == 1 ? "" : " each");
  return text;
}

}  // namespace

std::string words_for(const shape& s) {
  auto text = people(s.producers, "producer", s.produce_rate);
  if (s.stages > 0) text += fmt::format(" -> {} stage{}", s.stages, s.stages == 1 ? "" : "s");
  if (s.stages > 0 && s.workers > 1) text += fmt::format(" x {} workers", s.workers);
  text += " -> " + people(s.consumers, "consumer", s.consume_rate);
  return text + fmt::format(", queue{} of {}", s.stages > 0 ? "s" : "", s.capacity);
}

}  // namespace bench
