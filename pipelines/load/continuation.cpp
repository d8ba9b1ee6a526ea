#include "continuation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"
#include "fingerprint.hpp"
#include "written_name.hpp"

namespace load {
namespace {

using json = nlohmann::json;

bool finished(const checkpoint& of) { return of.state == load_state::loaded; }

bool left_something(const checkpoint& of) { return of.inserted > 0 || of.rejected > 0; }

std::string for_people(const std::string& inputs) {
  std::string list;
  for (const auto& name : json::parse(inputs)) {
    if (!list.empty()) list += ", ";
    list += name == "-" ? "standard input" : name.get<std::string>();
  }
  return list;
}

bool share_a_name(const std::string& one, const std::string& other) {
  const auto names = json::parse(other);
  return std::ranges::any_of(json::parse(one),
                             [&](const json& name) { return std::ranges::find(names, name) != names.end(); });
}

[[noreturn]] void refuse(const std::string& table, const checkpoint& unfinished, const std::string& why) {
  throw failure(exit_code::changed, fmt::format("table '{}' holds {} rows of an unfinished load of {}; {}", table,
                                                unfinished.inserted, for_people(unfinished.inputs), why));
}

// The latest of each list of names.
std::map<std::string, checkpoint> latest_of(const std::vector<checkpoint>& loads) {
  std::map<std::string, checkpoint> latest;
  for (const auto& each : loads) latest.insert_or_assign(each.inputs, each);
  return latest;
}

decision after_unfinished(const checkpoint& same, const load_history& known, const identity& wanted,
                          resume_choice choice, const std::string& table) {
  const bool told = choice == resume_choice::resume;
  if (!wanted.can_be_repeated && !told) {
    if (same.state == load_state::stopped || !left_something(same)) return {};
    refuse(table, same,
           "--resume goes on with it if the same bytes come again from the beginning, --fresh loads what comes as an "
           "input of its own");
  }
  if (known.table_is_empty && same.inserted > 0 && !told)
    refuse(table, same, "they are not there any more: --resume goes on behind them, --fresh begins anew");
  return {beginning::going_on, same};
}

}  // namespace

identity identity_of(const std::vector<std::string>& files) {
  identity of{.inputs = {}, .contents = {}, .can_be_repeated = true};
  json names = json::array(), contents = json::array();
  for (const auto& file : files) {
    names.push_back(file == "-" ? file : written_path(file));
    std::error_code ignored;
    if (file == "-" || !std::filesystem::is_regular_file(file, ignored)) {
      of.can_be_repeated = false;
      contents.push_back(nullptr);
      continue;
    }
    contents.push_back({{"size", std::filesystem::file_size(file)}, {"fingerprint", fingerprint_of(file)}});
  }
  of.inputs = names.dump();
  of.contents = contents.dump();
  return of;
}

decision decide(const load_history& known, const identity& wanted, resume_choice choice, const std::string& table) {
  if (choice == resume_choice::fresh) return {};
  const auto latest = latest_of(known.loads);
  if (const auto same = latest.find(wanted.inputs); same != latest.end()) {
    const auto& load = same->second;
    if (!finished(load)) return after_unfinished(load, known, wanted, choice, table);
    // The user says that it is the same; only its end can tell, which a kill may have hidden from him.
    if (!wanted.can_be_repeated && choice == resume_choice::resume) return {beginning::going_on, load};
    const bool emptied = known.table_is_empty && load.inserted > 0;
    if (!wanted.can_be_repeated || emptied) return {};
    return {beginning::if_changed, load};
  }
  if (!wanted.can_be_repeated) return {};
  for (const auto& [names, load] : latest)
    if (!finished(load) && load.contents == wanted.contents)
      return after_unfinished(load, known, wanted, choice, table);
  for (const auto& [names, load] : latest)
    if (!finished(load) && left_something(load) && share_a_name(names, wanted.inputs))
      refuse(table, load, "the same inputs in the same order go on with it, --fresh loads these as others");
  return {};
}

}  // namespace load
