// What people write for a time, a rate or a size: as in all programs.
#pragma once

#include <common/quantities.hpp>

namespace bench {

using common::amount;
using common::count_of;
using common::duration_of;
using common::per_second_of;
using common::rate_of;
using common::seconds_of;
using common::size_of;
using common::time_text;
using common::times;

}  // namespace bench
