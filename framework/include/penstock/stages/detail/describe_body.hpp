// What the wrappers around a stage's body ask for, as words for checks and drawings.
#pragma once

#include <penstock/body/dead_letter.hpp>
#include <penstock/body/limited.hpp>
#include <penstock/body/retry.hpp>
#include <penstock/stages/options.hpp>

namespace penstock::detail {

template <class Body>
void describe_body(stage_description&, const Body&) {}

template <class Body>
void describe_body(stage_description& about, const retry_body<Body>& body);
template <class T, class Body>
void describe_body(stage_description& about, const dead_letter_body<T, Body>& body);
template <class Body>
void describe_body(stage_description& about, const limited_body<Body>& body);

template <class Body>
void describe_body(stage_description& about, const retry_body<Body>& body) {
  about.retry = body.options;
  describe_body(about, body.body);
}

template <class T, class Body>
void describe_body(stage_description& about, const dead_letter_body<T, Body>& body) {
  about.dead_letters = true;
  describe_body(about, body.body);
}

template <class Body>
void describe_body(stage_description& about, const limited_body<Body>& body) {
  about.shared_limit = body.limit->name();
  describe_body(about, body.body);
}

}  // namespace penstock::detail
