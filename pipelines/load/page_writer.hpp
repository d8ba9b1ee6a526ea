// The insert stage: a page is a transaction; what is not data goes to the file of rejected rows.
#pragma once

#include <penstock/body/context.hpp>

#include "job.hpp"
#include "page.hpp"

namespace load {

/// Body of a stage with one worker on a thread that may block. Pages come in input order, so what is committed is at
/// any moment the beginning of the input, rejected rows left out. Fails with `sqlite::error`, or with `failure`: a bad
/// row under --on-bad-row fail, after the rows before it were committed, or a file of rejected rows that cannot be
/// written.
class page_writer {
 public:
  explicit page_writer(job& work) : work_(&work) {}
  void operator()(page rows, penstock::context& run) const;

 private:
  void insert_and_reject(const page& rows) const;
  void insert_with_file(const page& rows) const;
  void hold_file() const;
  void insert_or_fail(page& rows) const;
  void became(const checkpoint& next) const;

  job* work_;
};

}  // namespace load
