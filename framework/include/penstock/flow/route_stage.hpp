// The worker of a route: asks the body where each item belongs, and moves it there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/fork_stage.hpp>

namespace penstock::flow {

/// The index of the branch that a key stands for; none there is, if it is out of range.
template <class Key>
[[nodiscard]] constexpr std::size_t branch_of_key(Key key) noexcept {
  if constexpr (std::is_same_v<Key, bool>) {
    return key ? 0 : 1;
  } else {
    return static_cast<std::size_t>(key);  // a negative one becomes a very large one
  }
}

/// `route`: the body looks at the item and says which branch.
template <class Body, class In>
class choosing {
 public:
  explicit choosing(const Body& declared) : body_(declared) {}

  std::size_t operator()(context& c, const In& value) {
    return branch_of_key<std::decay_t<penstock::detail::result_of<penstock::detail::worker_body_t<Body>, const In&>>>(
        body_(c, value));
  }
  void finish(context& c) { body_.finish(c); }

 private:
  penstock::detail::body_of_worker<Body, const In&> body_;
};

template <class In, class Receipt, class Op>
class route_stage final : public fork_stage<cell<In, Receipt>> {
  using item = cell<In, Receipt>;
  using base = fork_stage<item>;
  using typename base::outlet;

 public:
  route_stage(executor& home, run_services& services, stage_state& stage, Op op)
      : base(home, services, stage), op_(std::move(op)) {}

 private:
  step go() noexcept override {
    for (;;) {
      if (this->should_give_up()) return give_up();
      if (held_ && !hand_over()) return this->block();
      const auto most = this->pace_.items();
      if (this->handled_ >= most) return step::again;
      const bool closed = this->in_.closed();
      const auto count = std::min(this->in_.ready(), most - this->handled_);
      if (count == 0) {
        if (!closed) return this->starve();
        this->end_well();
        return step::finished;
      }
      burst(count);
    }
  }

  /// `count` items, or fewer if one finds no room.
  void burst(std::size_t count) noexcept {
    typename base::one_edge::reader r(this->in_);
    while (count-- > 0 && !held_ && this->run().phase() != run_phase::cancelling) {
      r.release_quietly();
      this->note_release();
      ++this->handled_;
      this->tally_.in.add(1);
      const auto number = r.position();
      this->context_.begin_item(number);
      try {
        send(r.item());
      } catch (...) {
        this->item_failed(number);
      }
      r.drop();
    }
  }

  void send(item& one) {
    const auto branch = op_(this->context_, std::as_const(value_of(one)));
    if (branch >= this->outlets_.size()) {
      throw std::out_of_range("there is no branch " + std::to_string(static_cast<std::ptrdiff_t>(branch)) +
                              ", they are 0 to " + std::to_string(this->outlets_.size() - 1));
    }
    auto& o = this->outlets_[branch];
    if (o.left || o.to.abandoned()) {
      refuse(o);
    } else if (o.to.room() > 0) {
      put(o, std::move(one));
    } else {
      held_.emplace(std::move(one));
      held_for_ = &o;
    }
  }

  /// What found no room goes on first. False: it cannot.
  [[nodiscard]] bool hand_over() noexcept {
    if (held_for_->left) {
      refuse(*held_for_);
    } else if (held_for_->to.room() > 0) {
      put(*held_for_, *std::move(held_));
    } else {
      return false;
    }
    held_.reset();
    return true;
  }

  void put(outlet& o, item&& one) noexcept {
    {
      typename base::one_edge::writer w(o.to);
      ::new (w.blank()) item(std::move(one));
      w.publish();
    }
    this->note(o);
    count_sent();
  }

  /// The branch has left: the item counts as dropped on its edge.
  void refuse(outlet& o) noexcept {
    o.to.count_refused(1);
    count_sent();
  }

  void count_sent() noexcept {
    this->tally_.emitted.add(1);
    this->tally_.done.add(1);
  }

  step give_up() noexcept {
    if (held_) {
      held_.reset();
      this->tally_.dropped.add(1);
    }
    return step::finished;
  }

  void finish() override { op_.finish(this->context_); }

  Op op_;
  std::optional<item> held_;
  outlet* held_for_ = nullptr;
};

}  // namespace penstock::flow
