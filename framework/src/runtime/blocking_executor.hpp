// Threads for bodies that block: as many as the runs under way have blocking workers, so that none waits for another's
// thread. Started on demand; those that are too many after a run end by themselves.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "penstock/flow/run_services.hpp"
#include "runtime/actor_list.hpp"

namespace penstock::detail {

class blocking_executor final : public flow::executor {
 public:
  ~blocking_executor();

  void enqueue(flow::actor& a) noexcept override;

  /// Makes sure that `workers` more actors can be active at a time. Throws `std::system_error` when threads cannot be
  /// had; then nothing has changed.
  void reserve(std::size_t workers);

  /// Takes a reservation back, and joins threads that have ended. Not on one of the threads.
  void release(std::size_t workers) noexcept;

  /// Joins threads that have ended or are about to. Waits for them; not on one of the threads (there it does nothing).
  void join_surplus() noexcept;

 private:
  void live();

  std::mutex lock_;
  std::condition_variable changed_;
  std::condition_variable thread_ended_;
  // Guarded by lock_.
  actor_list ready_;
  std::vector<std::thread> threads_;
  std::vector<std::thread::id> ended_;
  std::size_t wanted_ = 0;
  std::size_t living_ = 0;
};

}  // namespace penstock::detail
