#include "runtime/alarm_thread.hpp"

#include <algorithm>
#include <utility>

#include "runtime/run_core.hpp"

namespace penstock::detail {

alarm_thread::~alarm_thread() {
  {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [this] { return !alive_; });
  }
  if (thread_.joinable()) thread_.join();
}

void alarm_thread::set(run_core& run, time_point when) {
  const std::lock_guard lock(lock_);
  auto& mine = set_.try_emplace(&run, alarm{run.weak_from_this(), when}).first->second;
  mine.when = std::min(mine.when, when);
  if (alive_) {
    changed_.notify_all();
    return;
  }
  try {
    if (thread_.joinable()) thread_.join();  // it is in its last step
    thread_ = std::thread([this] { live(); });
    alive_ = true;
  } catch (const std::exception&) {
    set_.erase(&run);
    throw;
  }
}

void alarm_thread::drop(const run_core& run) noexcept {
  const std::lock_guard lock(lock_);
  set_.erase(&run);
  changed_.notify_all();
}

void alarm_thread::live() noexcept {
  std::unique_lock lock(lock_);
  while (!set_.empty()) {
    const auto first =
        std::min_element(set_.begin(), set_.end(), [](auto& a, auto& b) { return a.second.when < b.second.when; });
    const auto when = first->second.when;
    if (clock::now() < when) {
      changed_.wait_until(lock, when);
      continue;
    }
    auto run = first->second.run.lock();
    ringing_ = run.get();
    set_.erase(first);
    lock.unlock();
    if (run) (run.get()->*ring_)(when);
    run.reset();  // without the lock: nobody else may know the run any more
    lock.lock();
    ringing_ = nullptr;
    changed_.notify_all();
  }
  alive_ = false;
  changed_.notify_all();
}

void alarm_thread::join_surplus(const run_core& run) noexcept {
  std::thread ended;
  {
    std::unique_lock lock(lock_);
    if (!thread_.joinable() || thread_.get_id() == std::this_thread::get_id()) return;
    // Whose alarm rings for another run is not waited for: what that calls may wait for this one.
    const auto others_need_it = [&] { return !set_.empty() || (ringing_ != nullptr && ringing_ != &run); };
    changed_.wait(lock, [&] { return !alive_ || others_need_it(); });
    if (alive_ || !thread_.joinable()) return;
    ended = std::move(thread_);
  }
  ended.join();
}

}  // namespace penstock::detail
