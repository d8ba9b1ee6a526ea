// A thread per core, which takes one item after the other from a bounded queue of a mutex and condition variables; one
// more thread fills it. Where order is kept, results that come early wait in a map under one lock.
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "common/bounded.hpp"
#include "farm/workload.hpp"

namespace {

using namespace farms;

class in_turn {
 public:
  explicit in_turn(results& all) noexcept : all_(all) {}

  void add(std::uint64_t i, std::uint64_t v) {
    const std::scoped_lock hold(lock_);
    if (i != next_) {
      early_.emplace(i, v);
      return;
    }
    all_.add(v);
    ++next_;
    for (auto first = early_.begin(); first != early_.end() && first->first == next_; first = early_.erase(first)) {
      all_.add(first->second);
      ++next_;
    }
  }

 private:
  results& all_;
  std::mutex lock_;
  std::map<std::uint64_t, std::uint64_t> early_;
  std::uint64_t next_ = 0;
};

struct contender {
  static answer run(order o, const work& w, std::uint64_t n) {
    results all(o == order::kept);
    in_turn ordered(all);
    std::mutex lock;
    bench::bounded<std::uint64_t> items(1024);
    {
      std::vector<std::jthread> team;
      for (std::size_t t = 0; t < threads(); ++t) {
        team.emplace_back([&] {
          results mine(false);
          std::uint64_t i = 0;
          while (items.take(i)) {
            if (o == order::kept) {
              ordered.add(i, w(i));
            } else {
              mine.add(w(i));
            }
          }
          if (o == order::kept) return;  // the others may still be adding theirs
          const std::scoped_lock hold(lock);
          all += mine;
        });
      }
      for (std::uint64_t i = 0; i < n; ++i) items.put(i);
      items.close();
    }
    return all;
  }
};

}  // namespace

int main(int argc, char** argv) { return compete<contender>(argc, argv); }
