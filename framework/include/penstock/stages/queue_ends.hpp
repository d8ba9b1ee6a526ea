// From a queue into a pipeline, and from a pipeline into a queue.
#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include <penstock/flow/queue_stage.hpp>
#include <penstock/stages/consumer.hpp>
#include <penstock/stages/detail/plain_maker.hpp>
#include <penstock/stages/producer.hpp>
#include <penstock/sync/detail/queue_access.hpp>
#include <penstock/sync/queue.hpp>

namespace penstock {

namespace detail {

template <class T>
using shared_queue = std::shared_ptr<queue_state<T>>;

template <class T>
class queue_source_maker final : public flow::stage_maker {
 public:
  explicit queue_source_maker(shared_queue<T> queue) : queue_(std::move(queue)) {}
  [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t) const override { return nullptr; }
  void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
    auto debt = std::make_shared<flow::queue_debt<T>>(queue_);
    stage.shared = debt;
    add_worker<flow::queue_source<T>>(stage, around.cpu(), around.services(), stage.state, queue_, *debt);
  }

 private:
  shared_queue<T> queue_;
};

template <class T>
struct from_queue {
  static constexpr bool is_producer = true;
  static constexpr bool is_consumer = false;
  using item = T;
  using receipt_type = flow::receipt;

  stage_description about;
  shared_queue<T> queue;

  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<queue_source_maker<T>>(std::move(queue));
  }
};

template <class T>
struct into_queue {
  shared_queue<T> queue;
};

template <class T>
struct queue_consumer {
  static constexpr bool is_producer = false;
  static constexpr bool is_consumer = true;

  stage_description about;
  shared_queue<T> queue;

  template <class In>
  static constexpr bool accepts = std::same_as<In, T>;
  template <class In>
  static constexpr bool check() {
    return true;
  }

  template <class In, class Receipt>
  class sink_maker final : public flow::stage_maker {
   public:
    explicit sink_maker(shared_queue<T> queue) : queue_(std::move(queue)) {}
    [[nodiscard]] std::unique_ptr<flow::edge_base> make_input(std::size_t capacity) const override {
      return std::make_unique<flow::edge<flow::cell<In, Receipt>>>(capacity);
    }
    void make_workers(flow::stage_instance& stage, flow::surroundings& around) const override {
      add_worker<flow::queue_sink<T, Receipt>>(stage, around.cpu(), around.services(), stage.state, queue_);
    }

   private:
    shared_queue<T> queue_;
  };

  template <class In, class Receipt>
  [[nodiscard]] std::shared_ptr<const flow::stage_maker> maker() && {
    return std::make_shared<sink_maker<In, Receipt>>(std::move(queue));
  }
};

}  // namespace detail

/// Takes items from `source` as long as there is room for them, until it is closed. Each item is `task_done` when it,
/// or all that was made of it, has left the pipeline, by whatever outcome. An error given to `close` fails the run
/// after the items before it were processed. The queue may be destroyed before the run: that ends the input.
template <class T>
[[nodiscard]] auto producer(producer_options options, queue<T>& source) {
  return detail::from_queue<T>{detail::describe(std::move(options)), detail::queue_access::state(source)};
}

/// For a consumer: leads the items into `target`.
template <class T>
[[nodiscard]] detail::into_queue<T> into(queue<T>& target) {
  return {detail::queue_access::state(target)};
}

/// Puts every item into a queue, in order, waiting for room without a thread. When the queue is closed, cancelled or
/// destroyed, the stage leaves and the run ends; what it could not put is counted as dropped. It does not close the
/// queue: others may put into it too.
template <class T>
[[nodiscard]] auto consumer(consumer_options options, detail::into_queue<T> target) {
  auto about = detail::describe(std::move(options));
  about.one_worker_only = true;
  return detail::queue_consumer<T>{std::move(about), std::move(target.queue)};
}

/// A queue as it is: only says what is wrong with it.
template <class T>
auto consumer(consumer_options, queue<T>&) {
  static_assert(detail::is_optional<T> && !detail::is_optional<T>,
                "penstock: a queue is given to a consumer as into(queue)");
}

}  // namespace penstock
