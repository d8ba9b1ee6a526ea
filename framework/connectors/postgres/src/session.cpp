#include "session.hpp"

#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "cancel_courier.hpp"

namespace penstock::postgres::detail {
namespace {

// The server cuts names after this many bytes, between two characters.
std::string_view name_in_server(std::string_view name) {
  constexpr std::size_t longest = 63;
  if (name.size() <= longest) return name;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end);
}

// COPY tells where it was: `COPY t, line 3, column a: "x"`. Other languages put it differently; then there is no row.
// What stands behind the number is data, and the name may hold anything too: neither is searched.
std::optional<std::size_t> row_in(const char* context, std::string_view table) {
  if (context == nullptr || table.empty()) return {};
  const std::string_view text(context);
  const std::string before = "COPY " + std::string(name_in_server(table)) + ", line ";
  if (!text.starts_with(before)) return {};
  std::size_t line = 0;
  const char* const begin = text.data() + before.size();
  const auto [end, failed] = std::from_chars(begin, text.data() + text.size(), line);
  if (failed != std::errc() || line == 0) return {};
  return line - 1;
}

bool is_sqlstate(std::string_view text) {
  if (text.size() != 5) return false;
  for (const char c : text)
    if (std::isdigit(static_cast<unsigned char>(c)) == 0 && (c < 'A' || c > 'Z')) return false;
  return true;
}

}  // namespace

void session::close() noexcept {
  PGconn* const closing = std::exchange(handle, nullptr);
  copying = false;
  prepared.clear();
  if (closing == nullptr) return;
  if (PQtransactionStatus(closing) == PQTRANS_ACTIVE) send_cancel(closing);
  PQfinish(closing);
}

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::int64_t affected(const PGresult* result) noexcept {
  const std::string_view text = result != nullptr ? PQcmdTuples(const_cast<PGresult*>(result)) : "";
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

error error_of(const session& s, const PGresult* result, std::string_view doing) {
  const auto field = [result](int code) -> const char* { return result ? PQresultErrorField(result, code) : nullptr; };
  const char* const state = field(PG_DIAG_SQLSTATE);
  const char* const primary = field(PG_DIAG_MESSAGE_PRIMARY);
  std::string what = s.where + ": " + std::string(doing) + ": ";
  if (primary != nullptr) {
    what += on_one_line(primary);
    if (const char* const detail = field(PG_DIAG_MESSAGE_DETAIL)) what += " (" + on_one_line(detail) + ")";
  } else if (result != nullptr && *PQresultErrorMessage(result) != '\0') {
    what += on_one_line(PQresultErrorMessage(result));
  } else if (s.handle != nullptr && *PQerrorMessage(s.handle) != '\0') {
    what += on_one_line(PQerrorMessage(s.handle));
  } else {
    what += "the server gave no reason";
  }
  errc cause = state != nullptr ? cause_of(state) : errc::other;
  if (state == nullptr && (s.handle == nullptr || PQstatus(s.handle) == CONNECTION_BAD)) cause = errc::connection_lost;
  return {cause, what, state ? state : "", row_in(field(PG_DIAG_CONTEXT), s.copying_into)};
}

error connect_error(const session& s) {
  std::string_view said = PQerrorMessage(s.handle);
  std::string text;
  std::string sqlstate;
  while (!said.empty()) {
    const auto end = said.find('\n');
    std::string_view line = said.substr(0, end);
    said = end == std::string_view::npos ? std::string_view() : said.substr(end + 1);
    if (line.starts_with("LOCATION:")) continue;
    const auto mark = line.find(":  ");
    if (mark != std::string_view::npos && line.size() >= mark + 10 && is_sqlstate(line.substr(mark + 3, 5)) &&
        line.substr(mark + 8, 2) == ": ") {
      sqlstate = line.substr(mark + 3, 5);
      text += std::string(line.substr(0, mark + 2)) + std::string(line.substr(mark + 10));
    } else {
      text += line;
    }
    text += ' ';
  }
  errc cause = errc::cannot_connect;
  if (!sqlstate.empty() && cause_of(sqlstate) == errc::refused) cause = errc::refused;
  if (PQconnectionNeedsPassword(s.handle) != 0) cause = errc::refused;
  return {cause, "connecting: " + on_one_line(text), sqlstate};
}

}  // namespace penstock::postgres::detail
