// As many items as a rate allows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <penstock/flow/throttle_stage.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct throttle_options {
  std::string name;       ///< required; unique in its pipeline
  penstock::rate rate{};  ///< required; `per_second(100)`, `per_minute(30)`
  std::size_t burst = 1;  ///< items that may go at once after a pause. More makes up for pauses, of the stage's
                          ///< own worker too, and exceeds the rate by `burst - 1` in a window; 1 never exceeds it,
                          ///< and falls short of it by as much as its activations are late
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items. Fewer make what comes before
                                            ///< feel the rate sooner
};

namespace detail {

struct throttling {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = false;

  stage_description about;

  template <class In>
  static constexpr bool accepts = true;
  template <class In>
  static constexpr bool check() {
    return true;
  }
  template <class In>
  using output = In;

  template <class In, class Receipt>
  class throttle_maker final : public flow::stage_maker {
   public:
    explicit throttle_maker(stage_description about) : about_(std::move(about)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      add_worker<flow::throttle_stage<In, Receipt>>(stage, around.cpu(), around.services(), stage.state, about_.at_most,
                                                    about_.burst);
    }

   private:
    stage_description about_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<throttle_maker<In, Receipt>>(about);
  }
};

}  // namespace detail

/// Lets items through, in order, at most at the rate: in any window as long as the rate's period, from any instant
/// (which counts) to the one a period later (which does not), at most `rate.count + burst - 1` of them, by the clock
/// as the stage reads it. The first `burst` go at once. No thread waits for a token. After a stop the rest goes at the
/// rate, too; a cancel drops it.
[[nodiscard]] inline auto throttle(throttle_options options) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "throttle";
  about.capacity = options.capacity;
  about.at_most = options.rate;
  about.burst = options.burst;
  return detail::throttling{std::move(about)};
}

}  // namespace penstock
