#include "runtime/context_probe.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

namespace penstock::detail {

/// Shared by the probe, the handler under way, and the context's list.
struct context_probe::question {
  std::mutex lock;
  boost::asio::io_context* io = nullptr;  ///< guarded by lock; null: the context has gone
  std::atomic<bool> open{false};
};

namespace {

/// Known to every context that is asked, so that its end is heard.
class probe_service final : public boost::asio::execution_context::service {
 public:
  using key_type = probe_service;
  static boost::asio::execution_context::id id;

  explicit probe_service(boost::asio::execution_context& owner) : service(owner) {}

  void add(const std::shared_ptr<context_probe::question>& one) {
    const std::lock_guard lock(lock_);
    std::erase_if(asked_, [](const auto& old) { return old.expired(); });
    asked_.push_back(one);
  }

 private:
  void shutdown() noexcept override {
    std::vector<std::weak_ptr<context_probe::question>> all;
    {
      const std::lock_guard lock(lock_);
      all.swap(asked_);
    }
    for (const auto& weak : all) {
      const auto one = weak.lock();
      if (!one) continue;
      const std::lock_guard lock(one->lock);  // whoever posts right now is let finish
      one->io = nullptr;
    }
  }

  std::mutex lock_;
  std::vector<std::weak_ptr<context_probe::question>> asked_;  ///< guarded by lock_
};

boost::asio::execution_context::id probe_service::id;

}  // namespace

context_probe::context_probe(boost::asio::io_context& io) : question_(std::make_shared<question>()) {
  question_->io = &io;
  boost::asio::use_service<probe_service>(io).add(question_);
}

void context_probe::ask() noexcept {
  if (is_open()) return;
  const std::lock_guard lock(question_->lock);
  if (question_->io == nullptr) return;
  question_->open.store(true, std::memory_order_relaxed);
  try {
    boost::asio::post(*question_->io, [q = question_] { q->open.store(false, std::memory_order_relaxed); });
  } catch (const std::exception&) {
    question_->open.store(false, std::memory_order_relaxed);  // no memory: not asked
  }
}

bool context_probe::is_open() const noexcept { return question_->open.load(std::memory_order_relaxed); }

}  // namespace penstock::detail
