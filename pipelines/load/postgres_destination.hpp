// A table of a PostgreSQL database.
//
// A page goes in by COPY, in one transaction with its progress row. Where the server refuses a row, the page is cut at
// that row, or in halves where the server does not say which it is, each part behind a savepoint, until the bad rows
// stand alone. Under --on-conflict a page is copied into a temporary table and inserted from there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <penstock/connectors/postgres.hpp>

#include "destination.hpp"

namespace load {

/// Fails with `postgres::error`, `failure` or `gave_up_waiting`.
class postgres_destination final : public destination {
 public:
  /// Connects.
  explicit postgres_destination(const options& how);
  ~postgres_destination() override;

  load_history history(const std::string& inputs) override;
  std::vector<std::string> rejects_in_use(const checkpoint& mine) override;
  std::optional<layout> prepare(layout wanted, match how_strict, const std::string& file, checkpoint& as_recorded,
                                const penstock::stop_token& stop) override;
  void insert(const page& rows, const checkpoint& last, const page_end& at_end) override;
  void record(const checkpoint& last, const checkpoint& now) override;
  void give_up_waiting() noexcept override { patience_.request_stop(); }
  void close() override;
  [[nodiscard]] std::string name() const override { return name_; }

 private:
  struct column {
    std::string name;
    bool is_text;     ///< an empty field is the empty text; elsewhere it is null
    bool is_decimal;  ///< takes a number as it is written, or not at all
  };
  template <class Coroutine>
  auto await(Coroutine&& body);
  template <class Body>
  void in_transaction(Body&& body);
  boost::asio::awaitable<void> undo(penstock::postgres::transaction& begun, std::exception_ptr why);
  penstock::wait_limits limits() const { return penstock::stopped_by(patience_.token()); }

  penstock::postgres::rows ask(const std::string& sql, const penstock::postgres::params& values = {});
  std::vector<column> columns_of(const std::string& table);
  layout made_or_fitting(const layout& wanted, match how_strict, const std::string& file, checkpoint& as_recorded);
  layout fit(const std::vector<column>& existing, const layout& wanted, match how_strict,
             const std::string& file) const;
  void require_key(const std::vector<std::string>& names) const;
  void create_table(const layout& wanted, match how_strict);
  void get_ready();
  void begin_record(checkpoint& first);
  void update_record(const checkpoint& last, const checkpoint& now);
  static penstock::postgres::statement progress_update();
  static penstock::postgres::params values_of_update(const checkpoint& last, const checkpoint& now);
  void refuse_another(const penstock::postgres::error& e) const;

  boost::asio::awaitable<void> insert_all(const page& rows, const checkpoint& last, const page_end& at_end);
  boost::asio::awaitable<void> copy(const page& rows, std::span<const std::size_t> some);
  boost::asio::awaitable<void> move_incoming();
  boost::asio::awaitable<void> check_now();
  void copy_what_fits(const page& rows, std::vector<refused_row>& refused);
  void encode_row(penstock::postgres::copy_encoder& to, const page& rows, std::size_t row) const;
  [[nodiscard]] std::optional<std::string> why_unfit(const page& rows, std::size_t row) const;
  [[nodiscard]] penstock::postgres::table_name target() const;

  const options& how_;
  penstock::stop_source patience_;
  boost::asio::io_context io_;
  std::optional<penstock::postgres::connection> database_;
  std::string name_;
  std::int64_t latest_known_ = 0;  ///< of the loads
  std::vector<column> columns_;
  std::vector<std::string> names_;  ///< the same, only what they are called
  std::string incoming_;            ///< the temporary table under --on-conflict; else empty
  std::string move_rows_;           ///< the statement that empties it into the table
  bool checks_at_commit_ = false;   ///< the table has rules that are deferred
};

}  // namespace load
