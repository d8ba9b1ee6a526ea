// The first items, and then the end.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <penstock/flow/take_stage.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct take_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t count = 0;                    ///< required: items that pass, at most; then the stage leaves
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items. Fewer let what comes before
                                            ///< do less in vain
};

namespace detail {

struct taking {
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
  class take_maker final : public flow::stage_maker {
   public:
    explicit take_maker(stage_description about) : about_(std::move(about)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      add_worker<flow::take_stage<In, Receipt>>(stage, around.cpu(), around.services(), stage.state, about_.first);
    }

   private:
    stage_description about_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<take_maker<In, Receipt>>(about);
  }
};

}  // namespace detail

/// Passes on the first `count` items that come to it, and leaves with the last: what comes after it sees the end of
/// input, what comes before it ends, and what was under way there counts as dropped. The run is completed.
[[nodiscard]] inline auto take(take_options options) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "take";
  about.capacity = options.capacity;
  about.first = options.count;
  return detail::taking{std::move(about)};
}

}  // namespace penstock
