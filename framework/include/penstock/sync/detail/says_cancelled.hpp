// Which errors are how a cancelled body ends.
#pragma once

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <system_error>

#include "penstock/base/error.hpp"

namespace penstock::detail {

/// Ours, the standard's and Asio's. What they mean depends on whether anybody asked to cancel.
inline bool says_cancelled(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& e) {
    return e.code() == std::errc::operation_canceled || e.code() == errc::cancelled;
  } catch (const boost::system::system_error& e) {  // not a std::system_error
    return e.code() == boost::system::errc::operation_canceled;
  } catch (...) {
    return false;
  }
}

}  // namespace penstock::detail
