// What the user asked for on the command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace load {

enum class file_format : std::uint8_t { csv, ndjson };

enum class typing : std::uint8_t {
  infer,  ///< numbers where they can be stored without damage
  text,   ///< everything as the text that it is
};

enum class bad_row_choice : std::uint8_t { reject, fail };
enum class resume_choice : std::uint8_t {
  automatic,  ///< files that can be read again go on where an unfinished load of them ended
  resume,     ///< so does an input that comes but once, which the user feeds again
  fresh,      ///< a load of its own
};
enum class progress_choice : std::uint8_t { automatic, always, never };
enum class report_form : std::uint8_t { text, json };

/// What --to can name.
enum class database_kind : std::uint8_t { sqlite, postgres };

/// What becomes of a row whose key is in the table.
enum class conflict_choice : std::uint8_t {
  fail,    ///< it breaks a rule of the table as any other row may
  ignore,  ///< the row in the table stays as it is
  update,  ///< the row in the table takes its values
};

/// Bytes of input after which a batch ends. It bounds the memory of a load whatever the rows look like: a parsed batch
/// of nothing but empty fields takes 24 times its bytes, and up to `workers` + 6 batches are under way.
inline constexpr std::size_t batch_bytes = std::size_t{256} << 10;

/// The same for PostgreSQL, where a transaction costs the server a millisecond: fewer, larger ones.
inline constexpr std::size_t postgres_batch_bytes = std::size_t{1} << 20;
inline constexpr std::size_t postgres_batch_rows = 65536;

struct options {
  std::vector<std::string> files;  ///< "-" is standard input
  database_kind kind = database_kind::sqlite;
  std::filesystem::path database;     ///< the file, of SQLite; for PostgreSQL the name
  std::string server;                 ///< the URI, of PostgreSQL
  std::string table;                  ///< never empty
  std::optional<file_format> format;  ///< nothing: to be guessed
  std::optional<char> delimiter;      ///< nothing: a tab for .tsv, else a comma
  std::size_t batch = 4096;           ///< rows of a transaction, at most; it also ends at `bytes_of_a_batch`
  std::size_t bytes_of_a_batch = batch_bytes;
  std::size_t workers = 1;
  std::filesystem::path rejects;  ///< never empty
  typing types = typing::infer;
  bad_row_choice on_bad_row = bad_row_choice::reject;
  conflict_choice on_conflict = conflict_choice::fail;  ///< another one for PostgreSQL only
  std::vector<std::string> key;                         ///< the columns that decide it; none under `fail`
  std::size_t max_row = std::size_t{1} << 20;
  resume_choice resume = resume_choice::automatic;
  progress_choice progress = progress_choice::automatic;
  report_form report = report_form::text;
  std::chrono::milliseconds drain_within = std::chrono::seconds(10);
  std::chrono::milliseconds lock_timeout = std::chrono::seconds(5);
};

/// Reads the command line. Nothing: `--help` or `--version` was asked for, and printed. Throws `failure` (usage).
std::optional<options> read_options(int argc, const char* const* argv);

}  // namespace load
