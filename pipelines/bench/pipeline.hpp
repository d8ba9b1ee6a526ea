// The pipeline that is measured: producers, stages in between, consumers, and bounded queues between them.
//
//   turns          only where there are several producers, or a rate: numbers, one for each item to be made
//   produce rate   a throttle: as many turns as all producers together may have
//   produce        a worker for each producer
//   stage 1 … n    with --workers each, in order or not, on the CPU or on threads that wait
//   consume rate   a throttle: as many items as all consumers together may take
//   consume        a worker for each consumer
//
// The parts that not every shape has are sequences of one stage or none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <penstock/penstock.hpp>

#include "bodies.hpp"
#include "item.hpp"
#include "quantities.hpp"
#include "shape.hpp"
#include "tallies.hpp"

namespace bench {

/// How far behind a throttle may be and still make up for it: a hundredth of a second, and not much memory.
inline std::size_t slack_of(penstock::rate r) {
  return 1 + static_cast<std::size_t>(std::min(per_second_of(r) / 100, 65536.0));
}

/// The rate that `n` keep who keep to `each`. It was looked at when the options were read, so it can be.
inline penstock::throttle_options throttle_of(const char* name, penstock::rate each, std::size_t n,
                                              std::size_t capacity) {
  const auto all = times(each, n).value_or(each);
  return {.name = name, .rate = all, .burst = slack_of(all), .capacity = capacity};
}

/// The stages in between and the consumers behind `Begin…`. The tallies must outlive every run.
template <class Item, class... Begin>
penstock::pipeline with_the_rest(const shape& s, tallies& found, Begin... begin) {
  using namespace penstock;
  using middle = decltype(transform({.name = ""}, pass_on<Item>(s)));
  std::vector<middle> stages;
  for (std::size_t i = 1; i <= s.stages; ++i)
    stages.push_back(transform(
        {.name = middle_stage(i), .workers = s.workers, .capacity = s.capacity, .order = s.order, .on = s.place},
        pass_on<Item>(s)));

  using limiter = decltype(throttle({.name = ""}));
  std::vector<limiter> limits;
  // What the throttle lets through has left the queue: it waits with its consumer at most.
  std::size_t in_hand = s.capacity;
  if (s.consume_rate) {
    const auto options = throttle_of(consume_rate_stage, *s.consume_rate, s.consumers, s.capacity);
    in_hand = std::max(s.consumers, options.burst);
    limits.push_back(throttle(options));
  }

  return {words_for(s), std::move(begin)..., sequence(std::move(stages)), sequence(std::move(limits)),
          consumer({.name = consume_stage, .workers = s.consumers, .capacity = in_hand},
                   per_worker([s, &found] { return take_in<Item>(s, found.add()); }))};
}

template <class Item>
penstock::pipeline declare(const shape& s, tallies& found) {
  using namespace penstock;
  if (!has_turns(s)) return with_the_rest<Item>(s, found, producer({.name = produce_stage}, count_and_make<Item>(s)));

  // A turn that waits is one that a full queue has held back; many would come at once when it has room again.
  using limiter = decltype(throttle({.name = ""}));
  std::vector<limiter> limits;
  std::size_t ahead = s.capacity;
  if (s.produce_rate) {
    auto options = throttle_of(produce_rate_stage, *s.produce_rate, s.producers, 1);
    ahead = options.capacity = std::max(s.producers, options.burst);
    limits.push_back(throttle(options));
  }
  return with_the_rest<Item>(
      s, found, producer({.name = turns_stage}, count_up(s)), sequence(std::move(limits)),
      transform({.name = produce_stage, .workers = s.producers, .capacity = ahead}, make_item<Item>(s)));
}

/// The tallies must outlive every run.
inline penstock::pipeline declare(const shape& s, tallies& found) {
  return s.item_bytes > 0 ? declare<loaded_item>(s, found) : declare<bare_item>(s, found);
}

}  // namespace bench
