// Single items in, vectors of them out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <penstock/flow/batch_stage.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock {

struct batch_options {
  std::string name;                         ///< required; unique in its pipeline
  std::size_t count = 1000;                 ///< items of a full batch
  duration within = duration::max();        ///< a smaller batch leaves this long after its first item. Shorter makes
                                            ///< results younger and batches smaller; max(): only at the end of input
  std::size_t capacity = default_capacity;  ///< of the edge before the stage, in items; may be smaller than `count`
};

namespace detail {

struct batching {
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
  using output = std::vector<In>;

  template <class In, class Receipt>
  class batch_maker final : public flow::stage_maker {
   public:
    explicit batch_maker(stage_description about) : about_(std::move(about)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      add_worker<flow::batch_stage<In, Receipt>>(stage, around.cpu(), around.services(), stage.state, about_.count,
                                                 about_.within);
    }

   private:
    stage_description about_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<batch_maker<In, Receipt>>(about);
  }
};

}  // namespace detail

/// Collects items into `std::vector<In>`: `count` of them, or what has come `within` that time of the first, or the
/// rest at the end of input; never an empty one.
[[nodiscard]] inline auto batch(batch_options options) {
  stage_description about;
  about.name = std::move(options.name);
  about.kind = "batch";
  about.capacity = options.capacity;
  about.count = options.count;
  about.within = options.within;
  return detail::batching{std::move(about)};
}

}  // namespace penstock
