// A suite from elsewhere, in small: it knows the adapter's words and nothing of penstock's.
// [suite]
#include "adapter.hpp"

template <class Queue>
bool hands_over_in_order_and_ends() {
  Queue q(2);
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) q.put(int{i});
    q.close();
  });
  int expected = 0;
  for (auto item = q.get(); item && *item == expected; item = q.get(), ++expected) q.task_done();
  producer.join();
  return expected == 100 && q.join() && q.get().how == adapter::answer::closed;
}

template <class Machine>
bool keeps_the_order_of_two_workers() {
  Machine m;
  std::vector<int> out;
  const auto twice = [](int i) { return 2 * i; };
  const auto r = m.run(m.from(std::vector{1, 2, 3}).map(twice, {.workers = 2, .in_order = true}).into(out));
  return r.how == adapter::ended::completed && r.adds_up && out == std::vector{2, 4, 6};
}

int main() {
  const bool conforms = hands_over_in_order_and_ends<adapter::thread_queue<int>>() &&
                        hands_over_in_order_and_ends<adapter::coroutine_queue<int>>() &&
                        hands_over_in_order_and_ends<adapter::mixed_queue<int>>() &&
                        keeps_the_order_of_two_workers<adapter::thread_machine>() &&
                        keeps_the_order_of_two_workers<adapter::coroutine_machine>();
  return conforms ? 0 : 1;
}
// [/suite]
