// A table in an SQLite file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <penstock/connectors/sqlite.hpp>

#include "destination.hpp"

namespace load {

/// Fails with `sqlite::error`, `failure` or `gave_up_waiting`.
class sqlite_destination final : public destination {
 public:
  /// Opens the database if there is one; else `prepare` makes it.
  explicit sqlite_destination(const options& how);

  load_history history(const std::string& inputs) override;
  std::vector<std::string> rejects_in_use(const checkpoint& mine) override;
  std::optional<layout> prepare(layout wanted, match how_strict, const std::string& file, checkpoint& as_recorded,
                                const penstock::stop_token& stop) override;
  void insert(const page& rows, const checkpoint& last, const page_end& at_end) override;
  void record(const checkpoint& last, const checkpoint& now) override;
  void give_up_waiting() noexcept override { patience_.request_stop(); }
  void close() override {
    if (database_) database_->close();
  }
  [[nodiscard]] std::string name() const override { return how_.database.string(); }

 private:
  void open();
  bool keeps_progress();
  layout made_or_fitting(layout wanted, match how_strict, const std::string& file, checkpoint& as_recorded);
  layout fit(const std::vector<penstock::sqlite::column>& existing, const layout& wanted, match how_strict,
             const std::string& file) const;
  void begin_record(checkpoint& first);
  void update_record(const checkpoint& last, const checkpoint& now);

  penstock::stop_source patience_;
  const options& how_;
  std::optional<penstock::sqlite::database> database_;
  std::optional<penstock::sqlite::inserter> insert_;
  std::int64_t latest_known_ = 0;  // the load that `history` showed last
};

}  // namespace load
