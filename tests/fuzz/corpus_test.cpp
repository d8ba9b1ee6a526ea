// The inputs that the fuzzers have found to be of interest, with any compiler.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/csv_target.hpp"
#include "fuzz/queue_target.hpp"

namespace {

using namespace penstock_tests;

template <class Target>
void replay(const std::string& name, Target target) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PENSTOCK_FUZZ_CORPUS) + "/" + name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    EXPECT_EQ(target(bytes), "") << entry.path();
    ++count;
  }
  EXPECT_GT(count, 10U);
}

TEST(fuzz_corpus, of_csv_texts_is_read_as_the_reference_reads_it) { replay("csv", wrong_with_csv); }

TEST(fuzz_corpus, of_queue_calls_does_what_the_model_does) { replay("queue", wrong_with_queue); }

// Where the reference and the documented dialect could part ways, by hand.
TEST(csv_reference, reads_what_the_documentation_says) {
  using row = csv_reference::row;
  csv_reference reference{.columns = 2};
  EXPECT_EQ(reference.read("a,\"b\"\"\n\"\r\n\n5\" x,1\nc,\"d\"e,\"\n\"\n\r\nlast,\"\r"),
            (std::vector<row>{{.line = 1, .good = true, .fields = {"a", "b\"\n"}},
                              {.line = 4, .good = false, .text = "5\" x,1"},
                              {.line = 5, .good = false, .text = "c,\"d\"e,\"\n\""},
                              {.line = 8, .good = false, .text = "last,\""}}));
  EXPECT_FALSE((csv_reference{}.read("\xED\xA0\x80\n")[0].good)) << "a surrogate is no UTF-8";
  EXPECT_TRUE((csv_reference{.any_bytes = true}.read("\xED\xA0\x80\n")[0].good));
}

}  // namespace
