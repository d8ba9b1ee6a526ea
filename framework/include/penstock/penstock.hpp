// Everything that a user of Penstock needs; the connectors have headers of their own.
#pragma once

#include <penstock/body/async_retry.hpp>
#include <penstock/body/async_sleep.hpp>
#include <penstock/body/dead_letter.hpp>
#include <penstock/body/limited.hpp>
#include <penstock/body/retry.hpp>
#include <penstock/pipeline/pipeline.hpp>
#include <penstock/pipeline/report.hpp>
#include <penstock/pipeline/stall.hpp>
#include <penstock/runtime/run.hpp>
#include <penstock/runtime/runtime.hpp>
#include <penstock/sync/queue.hpp>
#include <penstock/sync/rate_limiter.hpp>
#include <penstock/sync/retry_budget.hpp>
#include <penstock/sync/shared_limit.hpp>
#include <penstock/sync/task_group.hpp>
