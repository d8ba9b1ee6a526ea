// The worker of a tee: copies each item to every branch, all copies or none.
//
// It holds nothing: an item is taken when every branch that blocks has room for it. To a branch that drops or fails it
// puts no more at once than there was room for, and then lets others go first: only a branch that had its chance to
// take something loses an item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <penstock/base/error.hpp>
#include <penstock/flow/cell.hpp>
#include <penstock/flow/fork_stage.hpp>

namespace penstock::flow {

template <class In, class Receipt>
class tee_stage final : public fork_stage<cell<In, Receipt>> {
  using item = cell<In, Receipt>;
  using base = fork_stage<item>;
  using typename base::outlet;

 public:
  /// `policies` says what each branch does when it is full.
  tee_stage(executor& home, run_services& services, stage_state& stage, const std::vector<overflow>& policies)
      : base(home, services, stage) {
    for (std::size_t i = 0; i < policies.size(); ++i) this->outlets_[i].policy = policies[i];
  }

 private:
  step go() noexcept override {
    for (;;) {
      if (this->should_give_up()) return step::finished;
      const auto most = this->pace_.items();
      if (this->handled_ >= most) return step::again;
      const bool closed = this->in_.closed();
      auto count = std::min(this->in_.ready(), most - this->handled_);
      if (count == 0) return closed ? step::finished : this->starve();
      if (!find_room(count)) return this->block();
      if (copy(count)) return step::again;
    }
  }

  /// False: a branch that blocks has none, and will say when it has. Lowers `count` to what there is room for.
  [[nodiscard]] bool find_room(std::size_t& count) noexcept {
    for (auto& o : this->outlets_) {
      if (o.left) continue;
      const bool waits = o.policy == overflow::block;
      o.room = waits ? o.to.room() : o.to.room_now();
      if (o.room > 0) {
        count = std::min(count, o.room);
      } else if (waits) {
        return false;
      }
    }
    return true;
  }

  /// True: a branch that does not block is full now.
  [[nodiscard]] bool copy(std::size_t count) noexcept {
    typename base::one_edge::reader r(this->in_);
    for (auto& o : this->outlets_) {
      if (!o.left && o.to.weighed() == nullptr) o.at.emplace(o.to);
    }
    while (count-- > 0 && this->run().phase() != run_phase::cancelling) {
      r.release_quietly();
      this->note_release();
      ++this->handled_;
      this->tally_.in.add(1);
      try {
        copy_one(r.item());
        this->tally_.done.add(1);
      } catch (...) {
        this->item_failed(r.position());
      }
      r.drop();
    }
    bool full = false;
    for (auto& o : this->outlets_) {
      o.at.reset();
      full = full || (!o.left && o.policy != overflow::block && o.room == 0);
    }
    return full;
  }

  void copy_one(item& from) {
    auto* const last = look_for_room();
    auto done = this->outlets_.begin();
    try {
      for (auto& o : this->outlets_) {
        if (takes(o) && &o != last) {
          make_cell<In>(
              o.at->blank(), [&]() -> In { return In(std::as_const(value_of(from))); }, split_receipt_of(from));
        }
        ++done;
      }
    } catch (...) {
      for (auto o = this->outlets_.begin(); o != done; ++o) {
        if (takes(*o) && &*o != last) std::destroy_at(o->at->blank());
      }
      throw;
    }
    if (last != nullptr) ::new (last->at->blank()) item(std::move(from));
    for (auto& o : this->outlets_) {
      if (o.left) continue;
      this->tally_.emitted.add(1);
      if (takes(o)) {
        o.at->publish();
        --o.room;
        // The item is weighed now. Then it may wait, and from then on the edge's tail is not ours: no writer may be
        // there.
        if (o.to.weighed() != nullptr) o.at.reset();
        this->note(o);
      } else {
        o.to.count_refused(1);
      }
    }
  }

  [[nodiscard]] static bool takes(const outlet& o) noexcept { return !o.left && o.room > 0; }

  /// Looks again at branches that were full. The last that takes the item, if one does. Throws where one must take it
  /// and cannot.
  [[nodiscard]] outlet* look_for_room() {
    outlet* last = nullptr;
    for (auto& o : this->outlets_) {
      if (o.left) continue;
      if (o.room == 0) o.room = o.to.room_now();
      if (o.room > 0) {
        if (!o.at) o.at.emplace(o.to);
        last = &o;
      } else if (o.policy == overflow::fail) {
        throw error(errc::full, "branch " + std::to_string(number_of(o)) + " of the tee has no room");
      }
    }
    return last;
  }

  [[nodiscard]] std::size_t number_of(const outlet& o) const noexcept {
    std::size_t number = 0;
    while (&this->outlets_[number] != &o) ++number;
    return number;
  }

  void finish() noexcept override {}
};

}  // namespace penstock::flow
