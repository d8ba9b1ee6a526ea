// The producer whose body is a coroutine: one slot on a strand, without input.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <penstock/body/body.hpp>
#include <penstock/flow/edge.hpp>
#include <penstock/flow/io_home.hpp>
#include <penstock/flow/resumer.hpp>
#include <penstock/flow/stage_worker.hpp>

namespace penstock::flow {

/// The body gives the next item, or none at the end.
template <class Body>
class async_source final : public stage_worker {
  using body_type = penstock::detail::body_of_worker<Body>;
  using returned =
      penstock::detail::awaited_t<std::decay_t<penstock::detail::result_of<penstock::detail::worker_body_t<Body>>>>;
  using item = typename returned::value_type;
  using out_edge = edge<item>;

 public:
  async_source(io_home& home, run_services& services, stage_state& stage, const Body& declared)
      : stage_worker(home, services, stage, 0),
        home_(home),
        out_(static_cast<out_edge&>(*stage.out)),
        body_(declared) {}

 private:
  step work(turn& t) noexcept override {
    if (!started_) {
      started_ = live_ = true;
      boost::asio::co_spawn(home_.strand(), loop(),
                            boost::asio::bind_cancellation_slot(
                                cancel_.slot(), boost::asio::bind_executor(home_.strand(), [this](std::exception_ptr) {
                                  live_ = false;
                                  notify();
                                })));
      return starve();
    }
    if (!live_) return leave(t);
    const bool stopping = run().phase() != run_phase::running;
    // What a producer waits for is new input: a stop ends the wait as a cancel does.
    if ((stopping || should_give_up()) && in_body_ && !cancelled_) {
      cancelled_ = true;
      cancel_.emit(boost::asio::cancellation_type::terminal);
    }
    const bool wants_to_take = run().items().limited() && !admitted_;
    if (sleep_.sleeping() && (stopping || should_give_up() || wants_to_take || out_.room() > 0)) sleep_.resume();
    return block();
  }

  boost::asio::awaitable<void> loop() {
    for (std::uint64_t number = 0; !should_give_up() && run().phase() == run_phase::running; ++number) {
      while (!may_take()) co_await sleep_.sleep();
      if (should_give_up() || run().phase() != run_phase::running) break;
      std::optional<item> made;
      bool ended = false;
      context_.begin_item(number);
      const auto began = run().now();
      in_body_ = true;
      since_.store(began.time_since_epoch().count(), std::memory_order_relaxed);
      try {
        auto running = body_(context_);
        std::optional<item> next = co_await std::move(running);
        ended = !next;
        if (next) made.emplace(*std::move(next));  // an item need not be assignable
      } catch (...) {
        if (run().phase() == run_phase::stopping && says_cancelled(std::current_exception())) {
          ended = true;
        } else {
          tally_.in.add(1);
          item_failed(number);
        }
      }
      in_body_ = false;
      since_.store(0, std::memory_order_relaxed);
      // A cancellation sticks to the coroutine; one that a stop caused must not reach its own waits.
      if (cancelled_) co_await boost::asio::this_coro::reset_cancellation_state();
      tally_.busy.add(static_cast<std::uint64_t>((run().now() - began).count()));
      if (ended) break;
      if (!made) {
        take_nothing();
        continue;
      }
      tally_.in.add(1);
      while (out_.room() == 0 && !should_give_up()) co_await sleep_.sleep();
      if (should_give_up()) {
        tally_.dropped.add(1);
        break;
      }
      {
        typename out_edge::writer w(out_);
        ::new (w.blank()) item(*std::move(made));
        w.publish();
      }
      admitted_ = false;
      tally_.emitted.add(1);
      tally_.done.add(1);
      out_.tell_consumers(nullptr);
    }
    take_nothing();
    if (run().phase() != run_phase::cancelling) end_well();
  }

  /// The run lets the source take an item, or it is time to leave.
  [[nodiscard]] bool may_take() noexcept {
    auto& items = run().items();
    if (items.limited() && !admitted_) admitted_ = items.admit(1) > 0;
    return !items.limited() || admitted_ || should_give_up() || run().phase() != run_phase::running;
  }

  /// What the source may take it does not take now.
  void take_nothing() noexcept {
    if (std::exchange(admitted_, false)) run().items().give_back(1);
  }

  void finish() override { body_.finish(context_); }

  void look_at_bodies(worker_sight& sight) const noexcept override { add_body(sight, since_); }

  io_home& home_;
  out_edge& out_;
  body_type body_;
  body_since since_{0};  ///< the body under way; read by whoever looks from outside

  // Touched on the strand only.
  resumer sleep_;
  boost::asio::cancellation_signal cancel_;
  bool started_ = false;
  bool live_ = false;
  bool in_body_ = false;
  bool cancelled_ = false;
  bool admitted_ = false;  ///< the run lets it take an item, if those are bounded
};

}  // namespace penstock::flow
