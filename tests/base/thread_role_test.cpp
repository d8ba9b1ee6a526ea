#include "penstock/base/thread_role.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace penstock {
namespace {

TEST(thread_role, a_thread_is_foreign_until_it_is_given_a_role) {
  EXPECT_EQ(current_thread_role(), thread_role::foreign);
  EXPECT_NO_THROW(refuse_to_block_a_worker("call"));
}

TEST(thread_role, a_role_lasts_for_its_scope_and_scopes_nest) {
  {
    const thread_role_scope outer(thread_role::cpu_worker);
    EXPECT_EQ(current_thread_role(), thread_role::cpu_worker);
    {
      const thread_role_scope inner(thread_role::io_worker);
      EXPECT_EQ(current_thread_role(), thread_role::io_worker);
    }
    EXPECT_EQ(current_thread_role(), thread_role::cpu_worker);
  }
  EXPECT_EQ(current_thread_role(), thread_role::foreign);
}

TEST(thread_role, is_of_one_thread) {
  const thread_role_scope here(thread_role::cpu_worker);
  auto there = thread_role::cpu_worker;
  std::thread([&] { there = current_thread_role(); }).join();
  EXPECT_EQ(there, thread_role::foreign);
}

TEST(thread_role, a_worker_that_would_block_is_refused_with_the_name_of_the_call) {
  for (const auto role : {thread_role::cpu_worker, thread_role::io_worker}) {
    const thread_role_scope scope(role);
    try {
      refuse_to_block_a_worker("queue::put");
      ADD_FAILURE() << "not refused";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), std::errc::resource_deadlock_would_occur);
      EXPECT_NE(std::string(e.what()).find("queue::put"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace penstock
