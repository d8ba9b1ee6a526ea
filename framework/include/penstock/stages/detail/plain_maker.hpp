// Makes the workers of a stage whose body is a plain function: one worker in place, several in any order or in order.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <penstock/flow/ordered_stage.hpp>
#include <penstock/flow/parallel_stage.hpp>
#include <penstock/flow/serial_stage.hpp>
#include <penstock/flow/source_stage.hpp>
#include <penstock/flow/stage_maker.hpp>
#include <penstock/stages/options.hpp>

namespace penstock::detail {

inline flow::executor& home_of(const stage_description& about, flow::surroundings& around) {
  return about.where == place::cpu ? around.cpu() : around.blocking();
}

template <class Worker, class... Args>
void add_worker(flow::stage_instance& stage, Args&&... args) {
  stage.workers.push_back(std::make_unique<Worker>(std::forward<Args>(args)...));
}

inline bool beside_a_scale(const flow::stage_state& stage) noexcept {
  return (stage.in != nullptr && stage.in->weighed() != nullptr) ||
         (stage.out != nullptr && stage.out->weighed() != nullptr);
}

/// The workers of a stage that has several, each with an `Op` of its own.
template <class Worker, class Op, class Sides, class Body>
void add_several(flow::stage_instance& stage, flow::surroundings& around, const stage_description& about,
                 std::shared_ptr<Sides> sides, const Body& body) {
  auto& home = home_of(about, around);
  stage.shared = sides;
  // Nobody looks after threads that may block: there a worker takes one item and leaves the others to others.
  // Beside a scale too: what lies in a worker's claim, or has its place reserved, must be on the edge with its weight.
  if (about.where == place::blocking || beside_a_scale(stage.state)) stage.state.most_at_once = 1;
  for (std::size_t i = 0; i < about.workers; ++i) {
    add_worker<Worker>(stage, home, around.services(), stage.state, i, *sides, Op(body));
    stage.actors.push_back(stage.workers.back().get());
  }
  sides->workers = stage.everybody();
}

template <class In, class Receipt, class Op, class Body>
class plain_maker final : public flow::stage_maker {
 public:
  plain_maker(stage_description about, Body body) : about_(std::move(about)), body_(std::move(body)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
    return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
  }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    auto& home = home_of(about_, around);
    if (about_.workers == 1) {
      using worker = flow::serial_stage<In, Receipt, Op>;
      add_worker<worker>(stage, home, around.services(), stage.state, 0U, Op(body_));
      return;
    }
    if constexpr (Op::kind != flow::shape::none) {
      if (about_.ordering == order::kept) {
        using worker = flow::ordered_stage<In, Receipt, Op>;
        make_several<worker>(
            stage, around,
            std::make_shared<flow::ordered_sides<In, Receipt, Op>>(stage.state, about_.window_in_force()));
        return;
      }
    }
    using worker = flow::parallel_stage<In, Receipt, Op>;
    make_several<worker>(stage, around, std::make_shared<flow::parallel_sides<In, Receipt, Op>>(stage.state));
  }

 private:
  template <class Worker, class Sides>
  void make_several(flow::stage_instance& stage, flow::surroundings& around, std::shared_ptr<Sides> sides) const {
    add_several<Worker, Op>(stage, around, about_, std::move(sides), body_);
  }

  stage_description about_;
  Body body_;
};

template <class Op, class Body>
class source_maker final : public flow::stage_maker {
 public:
  source_maker(stage_description about, Body body) : about_(std::move(about)), body_(std::move(body)) {}

  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t) const override { return nullptr; }

  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    add_worker<flow::source_stage<Op>>(stage, home_of(about_, around), around.services(), stage.state, 0U, Op(body_));
  }

 private:
  stage_description about_;
  Body body_;
};

}  // namespace penstock::detail
