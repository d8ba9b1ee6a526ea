#include "runtime/context_probe.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using penstock::detail::context_probe;

TEST(context_probe, is_answered_when_the_context_is_run_and_not_before) {
  boost::asio::io_context io;
  context_probe probe(io);
  EXPECT_FALSE(probe.is_open());
  probe.ask();
  probe.ask();
  EXPECT_TRUE(probe.is_open());
  EXPECT_EQ(io.run(), 1U) << "one question at a time, and it keeps no context busy";
  EXPECT_FALSE(probe.is_open());
}

TEST(context_probe, asks_no_more_when_its_context_has_gone) {
  std::optional<boost::asio::io_context> io(std::in_place);
  context_probe asked(*io);
  context_probe silent(*io);
  asked.ask();
  io.reset();
  EXPECT_TRUE(asked.is_open());
  asked.ask();
  silent.ask();
  EXPECT_FALSE(silent.is_open());
}

TEST(context_probe, may_go_before_its_answer_comes) {
  boost::asio::io_context io;
  std::optional<context_probe> probe(io);
  probe->ask();
  probe.reset();
  EXPECT_EQ(io.run(), 1U);
}

}  // namespace
