// The pipelines of the service: one that runs as long as the service does, and one that is run for a single request.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

namespace embedded {

struct sample {
  std::string name;
  double amount = 0;
};

/// "NAME AMOUNT"; nothing if the line is not that.
std::optional<sample> parse(const std::string& line);

/// Waits as a call to another service would, on the context of this one.
boost::asio::awaitable<sample> look_up(sample s);

/// Sums by name. Filled by one worker, read when the run has ended: no lock.
using totals = std::map<std::string, double>;

/// From the lines that connections put into a queue to the book. A connection whose line does not fit waits, and its
/// client with it.
inline penstock::pipeline ingest(penstock::queue<std::string>& lines, totals& book) {
  using namespace penstock;
  return {"ingest",  //
          producer({.name = "lines"}, lines), filter_map({.name = "parse", .capacity = 64}, parse),
          async_transform({.name = "look up", .workers = 64, .capacity = 64, .order = order::kept}, look_up),
          consumer({.name = "book", .capacity = 64}, [&book](const sample& s) { book[s.name] += s.amount; })};
}

/// Adds up what one request brought.
inline penstock::pipeline add_up(std::vector<double> numbers, double& sum) {
  using namespace penstock;
  return {"add up",  //
          producer({.name = "numbers"}, std::move(numbers)),
          consumer({.name = "sum"}, [&sum](double number) { sum += number; })};
}

}  // namespace embedded
