// A pipeline is a value: a name and a list of stages. Nothing runs yet; it can be run many times, also at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <penstock/pipeline/plan.hpp>
#include <penstock/pipeline/stage_list.hpp>
#include <penstock/stages/async.hpp>
#include <penstock/stages/batch.hpp>
#include <penstock/stages/branches.hpp>
#include <penstock/stages/consumer.hpp>
#include <penstock/stages/keyed.hpp>
#include <penstock/stages/producer.hpp>
#include <penstock/stages/queue_ends.hpp>
#include <penstock/stages/resequence.hpp>
#include <penstock/stages/sequence.hpp>
#include <penstock/stages/take.hpp>
#include <penstock/stages/throttle.hpp>
#include <penstock/stages/transform.hpp>
#include <penstock/stages/weighed.hpp>

namespace penstock {

class pipeline {
 public:
  /// The list is the drawing: a producer, any number of stages, a consumer; tee, route and merge have branches with
  /// lists of their own. Types are checked when this is compiled; everything else by `check`, and before a run starts.
  template <class... Stages>
    requires(sizeof...(Stages) > 0)
  pipeline(std::string name, Stages... stages)
      : plan_(std::make_shared<const plan>(detail::make_plan(std::move(name), std::move(stages)...))) {}

  [[nodiscard]] const std::string& name() const noexcept { return plan_->name; }

  /// Throws `declaration_error` if this cannot run (zero workers, zero capacity, a stage without a name or named
  /// twice).
  void check() const { plan_->check(); }

  /// The most items that are in a run of it at any moment.
  [[nodiscard]] std::size_t bound() const noexcept { return plan_->bound(); }

  [[nodiscard]] std::string mermaid() const { return plan_->mermaid(); }
  [[nodiscard]] std::string dot() const { return plan_->dot(); }

  /// For runtimes: the plan, alive as long as a run needs it.
  [[nodiscard]] const std::shared_ptr<const plan>& shared_plan() const noexcept { return plan_; }

 private:
  std::shared_ptr<const plan> plan_;
};

}  // namespace penstock
