#include "shape.hpp"

#include <fmt/format.h>

#include "quantities.hpp"

namespace bench {
namespace {

std::string rate_text(penstock::rate r) { return amount(per_second_of(r)) + "/s"; }

std::string number_of(std::size_t n, std::string_view one, bool unknown) {
  return unknown ? fmt::format("{}s", one) : fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

/// `rate`: the name of the option that sets `each`.
std::string people(std::size_t n, std::string_view one, const std::optional<penstock::rate>& each,
                   std::string_view rate, std::string_view swept) {
  const bool unknown = swept == fmt::format("{}s", one);
  auto text = number_of(n, one, unknown);
  if (each && swept != rate) text += fmt::format(" ({}{})", rate_text(*each), n == 1 && !unknown ? "" : " each");
  return text;
}

}  // namespace

std::string words_for(const shape& s, std::string_view swept) {
  const bool has_stages = s.stages > 0 || swept == "stages";
  auto text = people(s.producers, "producer", s.produce_rate, "produce-rate", swept);
  if (has_stages) text += " -> " + number_of(s.stages, "stage", swept == "stages");
  if (has_stages && s.workers > 1 && swept != "workers") text += fmt::format(" x {} workers", s.workers);
  text += " -> " + people(s.consumers, "consumer", s.consume_rate, "consume-rate", swept);
  text += has_stages ? ", queues" : ", queue";
  return swept == "capacity" ? text : text + fmt::format(" of {}", s.capacity);
}

}  // namespace bench
