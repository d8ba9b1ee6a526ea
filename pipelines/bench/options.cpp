#include "options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "exit_code.hpp"
#include "quantities.hpp"

namespace bench {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw failure(exit_code::usage, sentence + " (see penstock-bench --help)");
}

std::size_t number_in(const std::string& option, const std::string& text, std::uint64_t least, std::uint64_t most) {
  const auto n = count_of(text);
  if (!n || *n < least || *n > most)
    refuse(fmt::format("{}: '{}' is no whole number from {} to {}", option, text, least, most));
  return *n;
}

penstock::duration duration_in(const std::string& option, const std::string& text) {
  const auto d = duration_of(text);
  if (!d) refuse(fmt::format("{}: '{}' is no duration such as 10us, 500ms, 1.5s or 2m", option, text));
  return *d;
}

penstock::duration time_of_work(const std::string& option, const std::string& text) {
  const auto d = duration_in(option, text);
  if (d > std::chrono::seconds(10)) refuse(fmt::format("{}: '{}' is longer than 10s for one item", option, text));
  return d;
}

penstock::rate rate_in(const std::string& option, const std::string& text) {
  const auto r = rate_of(text);
  if (!r) refuse(fmt::format("{}: '{}' is no rate such as 2/s, 1.5/s, 30/min or 20k/s", option, text));
  return *r;
}

std::size_t size_in(const std::string& option, const std::string& text) {
  constexpr std::size_t most = std::size_t{64} << 20;
  const auto size = size_of(text);
  if (!size || *size > most)
    refuse(fmt::format("{}: '{}' is no size up to 64MiB, such as 64, 4KiB or 1MB", option, text));
  return *size;
}

/// Sets what one option says; throws `failure`.
using setter = std::function<void(shape&, const std::string& option, const std::string& text)>;

setter number(std::size_t shape::* field, std::uint64_t least, std::uint64_t most) {
  return [=](shape& s, const std::string& option, const std::string& text) {
    s.*field = number_in(option, text, least, most);
  };
}

setter time(penstock::duration shape::* field) {
  return [=](shape& s, const std::string& option, const std::string& text) { s.*field = time_of_work(option, text); };
}

setter rate(std::optional<penstock::rate> shape::* field) {
  return [=](shape& s, const std::string& option, const std::string& text) { s.*field = rate_in(option, text); };
}

void set_item_bytes(shape& s, const std::string& option, const std::string& text) {
  s.item_bytes = size_in(option, text);
}

void set_order(shape& s, const std::string& option, const std::string& text) {
  if (text != "kept" && text != "any") refuse(fmt::format("{}: '{}' is neither kept nor any", option, text));
  s.order = text == "kept" ? penstock::order::kept : penstock::order::any;
}

void set_place(shape& s, const std::string& option, const std::string& text) {
  if (text != "cpu" && text != "blocking") refuse(fmt::format("{}: '{}' is neither cpu nor blocking", option, text));
  s.place = text == "blocking" ? penstock::place::blocking : penstock::place::cpu;
}

/// An option that shapes the pipeline. Each can be swept.
struct shaping {
  const char* name;
  const char* given;  ///< what is written after it
  const char* about;
  setter set;
  bool of_stages;  ///< makes no sense without a stage in between, so there is one
};

const std::vector<shaping>& shaping_options() {
  static const std::vector<shaping> all{
      {"producers", "N", "How many make items [1]", number(&shape::producers, 1, 1024), false},
      {"consumers", "N", "How many take items [1]", number(&shape::consumers, 1, 1024), false},
      {"capacity", "N", "Items that each queue holds [1024]", number(&shape::capacity, 1, 1 << 24), false},
      {"produce-rate", "RATE",
       "What each producer makes: 2/s, 1.5/s, 30/min, 20k/s; all together make as many times more",
       rate(&shape::produce_rate), false},
      {"consume-rate", "RATE", "What each consumer takes, likewise", rate(&shape::consume_rate), false},
      {"stages", "N", "Stages in between [none, or 1 with --workers, --work, --order, --on]",
       number(&shape::stages, 0, 256), false},
      {"workers", "N", "Of each stage in between [1]", number(&shape::workers, 1, 1024), true},
      {"work", "TIME", "What each stage in between does for an item: 10us, 1ms [0s]", time(&shape::work), true},
      {"produce-work", "TIME", "What a producer does for an item [0s]", time(&shape::produce_work), false},
      {"consume-work", "TIME", "What a consumer does for an item [0s]", time(&shape::consume_work), false},
      {"item-bytes", "SIZE", "Bytes that producers write and consumers read: 64, 4KiB [0: a number only]",
       set_item_bytes, false},
      {"order", "WHICH", "Of the stages in between: any, or kept [any]", set_order, true},
      {"on", "WHERE",
       "Where stages in between work: cpu; or blocking, on a thread per worker, where --work is waited for [cpu]",
       set_place, true},
      {"threads", "N", "CPU workers of the runtime; 0: one per core [0]", number(&shape::threads, 0, 1024), false},
  };
  return all;
}

const shaping* find_shaping(std::string_view name) {
  for (const auto& one : shaping_options())
    if (one.name == name) return &one;
  return nullptr;
}

std::string names_of_shaping() {
  std::string names;
  for (const auto& one : shaping_options()) names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
  return names;
}

/// What was given on the command line.
using asked_for = std::vector<const shaping*>;

void check(const shape& s, const asked_for& asked, std::string_view no_stage) {
  for (const auto* one : asked)
    if (one->of_stages && s.stages == 0)
      refuse(fmt::format("--{} is about the stages in between, and {} wants none", one->name, no_stage));
  if (s.produce_rate && !times(*s.produce_rate, s.producers))
    refuse("--produce-rate: all producers together would be faster than one item in a nanosecond");
  if (s.consume_rate && !times(*s.consume_rate, s.consumers))
    refuse("--consume-rate: all consumers together would be faster than one item in a nanosecond");
}

/// "workers=1,2,4" over what was asked for otherwise.
void sweep(options& o, const shape& base, const std::string& text, asked_for asked) {
  const auto equals = text.find('=');
  const auto* one = find_shaping(text.substr(0, equals));
  if (one == nullptr || equals == std::string::npos)
    refuse(
        fmt::format("--sweep: '{}' is not written as workers=1,2,4; what can be swept: {}", text, names_of_shaping()));
  const auto given = [&](std::string_view name) {
    return std::ranges::any_of(asked, [&](const shaping* other) { return other->name == name; });
  };
  if (given(one->name)) refuse(fmt::format("--{} is swept, so it cannot be given too", one->name));
  const bool stages_given = given("stages");
  asked.push_back(one);
  o.swept = one->name;
  for (std::size_t begin = equals + 1; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    variant v{text.substr(begin, end - begin), base};
    if (one->of_stages && !stages_given) v.what.stages = 1;
    one->set(v.what, fmt::format("--sweep {}", one->name), v.value);
    check(v.what, asked, stages_given ? "--stages 0" : "--sweep stages=0");
    o.variants.push_back(std::move(v));
    begin = end + 1;
  }
  if (o.variants.size() > 100) refuse("--sweep: more than 100 values");
}

}  // namespace

std::optional<options> read_options(int argc, const char* const* argv) {
  options o;
  std::map<std::string, std::string> given;
  std::string lasts, items, swept, live = "auto", drain_within = "1s";
  bool latency = false;

  CLI::App app{
      "Measures a pipeline of a shape that you choose: producers, bounded queues, stages, consumers. It ends with "
      "what limits it.",
      "penstock-bench"};
  app.set_version_flag("--version", "penstock-bench 0.1.0");
  for (const auto& one : shaping_options())
    app.add_option(fmt::format("--{}", one.name), given[one.name], one.about)->option_text(one.given);
  auto* for_option = app.add_option("--for", lasts, "How long it is measured [5s; 2s each with --sweep]");
  for_option->option_text("TIME");
  app.add_option("--items", items, "Measure so many items instead, to the last")
      ->excludes(for_option)
      ->option_text("N");
  app.add_flag("--latency", latency, "How long items take from producer to consumer: percentiles");
  app.add_option("--sweep", swept, "One option with several values, a row for each")->option_text("workers=1,2,4");
  app.add_option("--drain-within", drain_within,
                 "At the end, how long items on their way may take before they are dropped [1s]")
      ->option_text("TIME");
  app.add_option("--live", live,
                 "A line on standard error: auto, on a terminal; always, also elsewhere, one a second; never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->option_text("WHEN");
  app.add_flag("--json", o.json, "The report as one JSON object");
  app.footer(
      "Rates are those of one producer or consumer. Ctrl-C ends the measurement and reports, a second one cancels.\n\n"
      "The classic demonstration:\n"
      "  penstock-bench --producers 2 --consumers 3 --capacity 5 --produce-rate 2/s --consume-rate 1.5/s --for 10s\n\n"
      "Exit codes:\n" +
      exit_code_table());
  app.get_formatter()->column_width(24);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    static_cast<void>(app.exit(asked));  // prints the help or the version
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    refuse(e.what());
  }

  shape base;
  base.latency = latency;
  const auto was_given = [&](const std::string& name) { return app.count("--" + name) > 0; };
  asked_for asked;
  for (const auto& one : shaping_options()) {
    if (!was_given(one.name)) continue;
    asked.push_back(&one);
    one.set(base, fmt::format("--{}", one.name), given[one.name]);
    if (one.of_stages && !was_given("stages")) base.stages = 1;
  }
  check(base, asked, "--stages 0");
  if (was_given("items")) base.items = number_in("--items", items, 1, std::uint64_t{1} << 62);
  if (!was_given("sweep")) {
    o.variants.push_back({"", base});
  } else {
    sweep(o, base, swept, std::move(asked));
  }
  if (!was_given("items")) {
    if (!was_given("for")) lasts = was_given("sweep") ? "2s" : "5s";
    o.lasts = duration_in("--for", lasts);
    if (*o.lasts == penstock::duration::zero()) refuse("--for: 0s is too short to measure anything");
  }
  o.drain_within = duration_in("--drain-within", drain_within);
  o.live = live == "always" ? live_choice::always : live == "never" ? live_choice::never : live_choice::automatic;
  return o;
}

}  // namespace bench
