#include "runtime/blocking_executor.hpp"

#include <algorithm>

namespace penstock::detail {

namespace {
thread_local const blocking_executor* executor_of_this_thread = nullptr;
}

blocking_executor::~blocking_executor() {
  {
    const std::lock_guard lock(lock_);
    wanted_ = 0;
  }
  changed_.notify_all();
  join_surplus();
}

void blocking_executor::enqueue(flow::actor& a) noexcept {
  {
    const std::lock_guard lock(lock_);
    ready_.push_back(a);
  }
  changed_.notify_one();
}

void blocking_executor::reserve(std::size_t workers) {
  const std::lock_guard lock(lock_);
  wanted_ += workers;
  try {
    while (living_ < wanted_) {
      threads_.reserve(threads_.size() + 1);
      threads_.emplace_back([this] { live(); });
      ++living_;
    }
  } catch (...) {
    wanted_ -= workers;
    changed_.notify_all();
    throw;
  }
}

void blocking_executor::release(std::size_t workers) noexcept {
  {
    const std::lock_guard lock(lock_);
    wanted_ -= workers;
  }
  changed_.notify_all();
}

void blocking_executor::join_surplus() noexcept {
  if (executor_of_this_thread == this) return;
  std::vector<std::thread> over;
  {
    std::unique_lock lock(lock_);
    thread_ended_.wait(lock, [this] { return living_ <= wanted_; });
    for (const auto id : ended_) {
      const auto found = std::find_if(threads_.begin(), threads_.end(), [&](auto& t) { return t.get_id() == id; });
      over.push_back(std::move(*found));
      threads_.erase(found);
    }
    ended_.clear();
  }
  for (auto& t : over) t.join();
}

void blocking_executor::live() {
  executor_of_this_thread = this;
  std::unique_lock lock(lock_);
  for (;;) {
    changed_.wait(lock, [this] { return !ready_.empty() || living_ > wanted_; });
    auto* const a = ready_.pop_front();
    if (a == nullptr) break;
    lock.unlock();
    auto& run = a->run();
    // Nobody is run next on this thread: its body would wait for this one's.
    flow::turn t{nullptr, run.now(), nullptr};
    if (flow::activate_once(*a, t)) {
      enqueue(*a);
    } else {
      run.leave();
    }
    lock.lock();
  }
  --living_;
  ended_.push_back(std::this_thread::get_id());
  lock.unlock();
  thread_ended_.notify_all();
}

}  // namespace penstock::detail
