#include "penstock/sync/detail/async_waiter.hpp"

#include <boost/asio/strand.hpp>
#include <unordered_map>
#include <utility>

#include "sync/block_cache.hpp"

namespace penstock::detail {

/// Known to every context that one of our waits belongs to, for the sake of `shutdown`.
class wait_service final : public boost::asio::execution_context::service {
 public:
  using key_type = wait_service;
  static boost::asio::execution_context::id id;

  explicit wait_service(boost::asio::execution_context& owner) : service(owner) {
    // Services go down in the reverse order of their making. Were the strands down before the waits, a handler posted
    // to one would be destroyed at once, under the list's mutex, which what it holds may want too.
    boost::asio::use_service<boost::asio::detail::strand_executor_service>(owner);
  }

  const std::shared_ptr<context_waits>& waits() const noexcept { return waits_; }

 private:
  void shutdown() noexcept override {
    tell_watchers();
    async_waiter* first = nullptr;
    {
      const std::lock_guard hold(waits_->mutex);
      first = std::exchange(waits_->first, nullptr);
      // From here on the completer of any of them knows that the handler is not its own.
      for (async_waiter* waiter = first; waiter; waiter = waiter->next_) waiter->listed_ = false;
    }
    while (async_waiter* const waiter = first) {
      first = waiter->next_;
      const bool was_in_line = waiter->withdraw(state::cancelled);
      waiter->destroy_handler();
      if (was_in_line) waiter->settle();
      waiter->drop_reference();
    }
  }

  /// Before handlers are destroyed: what those hold may belong to a watcher.
  void tell_watchers() noexcept {
    std::unordered_map<const context_watcher*, std::unique_ptr<context_belongings>> belongings;  // goes last
    std::unordered_map<const context_watcher*, std::weak_ptr<context_watcher>> watchers;
    {
      const std::lock_guard hold(waits_->mutex);
      waits_->down = true;
      watchers.swap(waits_->watchers);
      belongings.swap(waits_->belongings);
    }
    for (const auto& entry : watchers) {
      if (const auto watcher = entry.second.lock()) watcher->context_goes_down();
    }
  }

  const std::shared_ptr<context_waits> waits_ = std::make_shared<context_waits>();
};

boost::asio::execution_context::id wait_service::id;

std::shared_ptr<context_waits> waits_of(boost::asio::execution_context& context) {
  return boost::asio::use_service<wait_service>(context).waits();
}

async_waiter::~async_waiter() = default;

void async_waiter::cancel(state why) noexcept {
  if (withdraw(why)) settle();
}

bool async_waiter::enlist(boost::asio::execution_context& context) {
  waits_ = waits_of(context);
  const std::lock_guard hold(waits_->mutex);
  if (waits_->down) return false;
  next_ = waits_->first;
  if (next_) next_->previous_ = this;
  waits_->first = this;
  listed_ = true;
  add_reference();
  return true;
}

void async_waiter::unlist() noexcept {
  (previous_ ? previous_->next_ : waits_->first) = next_;
  if (next_) next_->previous_ = previous_;
  listed_ = false;
}

void async_waiter::watch(const stop_token& stop) {
  if (stop.stop_possible()) on_stop_.emplace(stop.std_token(), stopper{this});
}

namespace {

/// The thread's cache, and none while the thread ends: other destructors of the thread may still end waits.
struct cache_of_thread {
  ~cache_of_thread() { gone = true; }
  block_cache blocks;
  inline static thread_local bool gone = false;
};
thread_local cache_of_thread cache;

}  // namespace

void* async_waiter::operator new(std::size_t size) {
  return cache_of_thread::gone ? ::operator new(size) : cache.blocks.take(size);
}

void async_waiter::operator delete(void* memory, std::size_t size) noexcept {
  if (cache_of_thread::gone) return ::operator delete(memory);
  cache.blocks.give(memory, size);
}

}  // namespace penstock::detail
