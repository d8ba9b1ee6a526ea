// The ring against a deque.
#include <gtest/gtest.h>

#include <deque>
#include <ostream>
#include <span>
#include <utility>

#include "core/counted.hpp"
#include "penstock/core/ring.hpp"
#include "support/operations.hpp"

namespace penstock {
namespace {

using namespace penstock_tests;
using testing::counted;

void play(std::span<const operation> all, std::ostream& log) {
  const auto before = counted::alive.load();
  {
    ring<counted> items(3);
    ring<counted> others(0);
    std::deque<int> model, other_model;
    std::size_t capacity = 3, other_capacity = 0;
    int next = 0;
    for (const auto& o : all) {
      switch (o.what % 8) {
        case 0:
        case 1:
        case 2:
          if (model.size() == capacity) break;
          log << "push " << next << "\n";
          items.push(counted(next));
          model.push_back(next++);
          break;
        case 3:
        case 4: {
          if (model.empty()) break;
          log << "consume\n";
          int taken = -1;
          items.consume([&taken](counted&& item) noexcept { taken = item.value; });
          same("consumed", taken, model.front());
          model.pop_front();
          break;
        }
        case 5: {
          const auto wanted = capacity + o.a % 4U;
          log << "grow to " << wanted << "\n";
          items.grow(wanted);
          capacity = wanted;
          break;
        }
        case 6:
          log << "swap\n";
          items.swap(others);
          std::swap(model, other_model);
          std::swap(capacity, other_capacity);
          break;
        default: {
          log << "move away and back\n";
          ring<counted> there(std::move(items));
          demand(items.empty() && items.full(), "a ring that was moved from has no slots");
          items = std::move(there);
          break;
        }
      }
      same("size", items.size(), model.size());
      same("capacity", items.capacity(), capacity);
      same("empty", items.empty(), model.empty());
      same("full", items.full(), model.size() == capacity);
      same("alive", counted::alive.load() - before, static_cast<long>(model.size() + other_model.size()));
    }
  }
  same("alive in the end", counted::alive.load(), before);
}

TEST(ring, agrees_with_a_deque_on_random_sequences) { agree_on_random_operations(play, 2000); }

}  // namespace
}  // namespace penstock
