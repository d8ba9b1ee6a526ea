// How a declared stage becomes workers, without the pipeline knowing its types.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <penstock/flow/edge.hpp>
#include <penstock/flow/io_home.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// What a stage gets to live in.
class surroundings {
 public:
  [[nodiscard]] virtual executor& cpu() = 0;
  [[nodiscard]] virtual executor& blocking() = 0;
  /// A strand of the I/O context, kept until the run is gone.
  [[nodiscard]] virtual io_home& strand() = 0;
  [[nodiscard]] virtual run_services& services() noexcept = 0;

 protected:
  ~surroundings() = default;
};

/// The workers of one stage of one run, and what they share.
struct stage_instance {
  stage_state state;
  std::shared_ptr<void> shared;  ///< outlives the workers
  std::vector<std::unique_ptr<stage_worker>> workers;
  std::vector<actor*> actors;  ///< the same, as edges see them

  [[nodiscard]] party everybody() const noexcept { return {actors.data(), actors.size()}; }
};

class stage_maker {
 public:
  virtual ~stage_maker() = default;

  /// The edge before the stage; null for a producer.
  [[nodiscard]] virtual std::unique_ptr<edge_base> make_input(std::size_t capacity) const = 0;

  /// The same for input `which` of a stage that has several.
  [[nodiscard]] virtual std::unique_ptr<edge_base> make_input_of(std::size_t which, std::size_t capacity) const {
    static_cast<void>(which);
    return make_input(capacity);
  }

  /// Adds the workers to `stage`, whose state is filled in. Throws what a factory of the user's throws.
  virtual void make_workers(stage_instance& stage, surroundings& around) const = 0;
};

}  // namespace penstock::flow
