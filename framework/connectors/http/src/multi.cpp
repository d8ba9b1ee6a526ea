#include "multi.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

#include <boost/asio/bind_executor.hpp>

namespace penstock::http {
namespace {

using std::chrono::steady_clock;

void start_libcurl() {
  static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error(::curl_easy_strerror(started));
}

/// Strands of Asio's own context are looked through, so that ours does not wait for theirs.
boost::asio::any_io_executor below_strand(const boost::asio::any_io_executor& executor) {
  using of_context = boost::asio::io_context::executor_type;
  if (const auto* const s = executor.target<boost::asio::strand<of_context>>()) return s->get_inner_executor();
  return executor;
}

}  // namespace

multi::multi(const client_options& options, const boost::asio::any_io_executor& executor)
    : options_(options),
      strand_(boost::asio::make_strand(below_strand(executor))),
      waits_(penstock::detail::waits_of(penstock::detail::context_of(executor))),
      lines_(options.per_host, options.rate && options.rate_per_host) {
  start_libcurl();
  handles_.reset(::curl_multi_init());
  if (!handles_) throw std::bad_alloc();
  ::curl_multi_setopt(handles_.get(), CURLMOPT_SOCKETFUNCTION, &multi::on_socket);
  ::curl_multi_setopt(handles_.get(), CURLMOPT_SOCKETDATA, this);
  ::curl_multi_setopt(handles_.get(), CURLMOPT_TIMERFUNCTION, &multi::on_timer);
  ::curl_multi_setopt(handles_.get(), CURLMOPT_TIMERDATA, this);
  ::curl_multi_setopt(handles_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options_.max_connections));
  ::curl_multi_setopt(handles_.get(), CURLMOPT_PIPELINING,
                      options_.http2 ? static_cast<long>(CURLPIPE_MULTIPLEX) : static_cast<long>(CURLPIPE_NOTHING));
  for (const auto& [name, value] : options_.headers) append(headers_, header_line(name, value));
  ready_.emplace(*strand_, sockets_.descriptor());
  alarm_.emplace(*strand_);
}

multi::~multi() {
  if (ready_) static_cast<void>(ready_->release());
  for (auto* const slot : spare_) delete slot;
  handles_.reset();  // while what its callbacks touch is there
  const std::lock_guard hold(waits_->mutex);
  waits_->watchers.erase(this);
}

void multi::watch_context() {
  const std::lock_guard hold(waits_->mutex);
  waits_->watchers.emplace(this, weak_from_this());
}

void multi::context_goes_down() noexcept {
  closed_ = true;
  down_.store(true, std::memory_order_relaxed);
  if (ready_) static_cast<void>(ready_->release());
  ready_.reset();
  alarm_.reset();
  while (first_ != nullptr) {
    auto& t = *first_;
    const auto kept = t.self;
    t.failed({std::nullopt, {}});
    release(t);
    unlink(t);
    t.waiter.reset();  // its coroutine goes down with the context
  }
  gate_.clear();
  released_.clear();
  lines_.clear();
  let_in_.clear();
  ending_.clear();
  strand_.reset();
}

void multi::close() {
  closed_ = true;
  while (first_ != nullptr) end(*first_, {std::nullopt, {}});
  if (ready_) ready_->cancel();
  if (alarm_) alarm_->cancel();
}

// Requests

void multi::attend(const std::shared_ptr<transfer>& t, penstock::detail::completion<news> waiter) {
  t->waiter = std::move(waiter);
  if (!t->started) {
    t->started = true;
    if (!t->done) begin(t);
  } else if (std::exchange(t->admitted, false) && !t->done) {  // it has its permits
    let_in(lines_.booked(*t));
    add(*t);
  }
  tell(*t);
  if (t->paused && !t->done) {
    t->paused = false;
    {
      const inside guard(in_curl_);
      ::curl_easy_pause(t->slot->easy, CURLPAUSE_CONT);
    }
    finish_round();
  }
}

void multi::tell(transfer& t) {
  if (!t.waiter || !t.has_news()) return;
  t.waits_for_permit = t.admitted && !t.done;
  t.piece.clear();
  t.piece.swap(t.arrived);
  t.waiter.post(news{});
}

void multi::has_piece(transfer& t) { tell(t); }

void multi::begin(const std::shared_ptr<transfer>& t) {
  if (closed_) return t->failed({std::nullopt, {}});
  const auto now = clock::now();
  if (t->until <= now) return t->failed({errc::timeout, "the deadline had passed before it began"});
  t->self = t;
  t->start_clock(now);
  link(*t);
  if (lines_.enter(t)) return pass_line(t);
  limit_wait(t, "its host had no room for it in time");
}

void multi::pass_line(const std::shared_ptr<transfer>& t) {
  if (gate_.enter(t, clock::now())) return pass_gate(*t);
  limit_wait(t, "the look-up of its name took too long");
}

// The last thing before it goes, so that permits do not gather on the way and are used all at once.
void multi::pass_gate(transfer& t) {
  if (!t.needs_permit) return add(t);
  if (!options_.rate_per_host) {
    rate_limiter all = *options_.rate;
    if (all.try_acquire()) return add(t);
  }
  t.admitted = true;
  tell(t);
}

void multi::limit_wait(const std::shared_ptr<transfer>& t, const char* why) {
  // Where there are rates, those ahead may wait for permits, which takes as long as it takes.
  const auto until = t->needs_permit ? t->until : t->ends();
  if (until == never) return;
  t->waiter.arm(until, [self = shared_from_this(), t, why] {
    self->dispatch([self, t, why] {
      if (t->in_line || t->parked) self->end(*t, {errc::timeout, why});
    });
  });
}

void multi::link(transfer& t) noexcept {
  t.next = first_;
  if (first_ != nullptr) first_->previous = &t;
  first_ = &t;
  ++under_way_;
  t.owner->under_way.fetch_add(1, std::memory_order_relaxed);
}

void multi::unlink(transfer& t) noexcept {
  (t.previous != nullptr ? t.previous->next : first_) = t.next;
  if (t.next != nullptr) t.next->previous = t.previous;
  t.previous = t.next = nullptr;
  --under_way_;
  t.owner->under_way.fetch_sub(1, std::memory_order_relaxed);
  t.self.reset();  // the caller keeps it
}

void multi::add(transfer& t) {
  try {
    auto* const slot = take_slot();
    t.tell(*slot);
    const inside guard(in_curl_);
    if (const auto code = ::curl_multi_add_handle(handles_.get(), slot->easy); code != CURLM_OK)
      throw std::runtime_error(::curl_multi_strerror(code));
  } catch (const std::exception& e) {
    const auto kept = t.self;
    t.failed({errc::other, e.what()});
    return finish(t);
  }
  kick_soon();
}

void multi::end(transfer& t, failure why) {
  if (t.done) return;
  if (in_curl_) {
    if (t.self) ending_.emplace_back(t.self, std::move(why));
    return;
  }
  const auto kept = t.self;
  t.failed(std::move(why));
  if (!kept) return;  // it has not begun, and who awaits it will see
  finish(t);
  finish_round();
}

/// `t` is done, and kept by the caller.
void multi::finish(transfer& t) {
  release(t);
  unlink(t);
  leave_gate(t);
  let_in(lines_.left(t));
  tell(t);
}

void multi::leave_gate(transfer& t) {
  if (!t.pioneer) return;
  // Its timeout and its deadline are its own; that there is no address concerns all.
  const bool no_address = t.problem && t.problem->kind == errc::resolve;
  if (!no_address) return let_go(gate_.passed(t));
  for (const auto& other : gate_.unresolved(t)) {
    if (other->done) continue;
    other->parked = false;
    other->failed(*t.problem);
    finish(*other);
  }
}

void multi::let_go(name_gate::waiting those) {
  for (auto& t : those) released_.push_back(std::move(t));
  if (!released_.empty()) kick_soon();
}

void multi::let_in(host_lines::waiting those) {
  for (auto& t : those) let_in_.push_back(std::move(t));
  if (!let_in_.empty()) kick_soon();
}

// Sockets and time

void multi::kick_soon() {
  if (in_curl_ || std::exchange(kicked_, true)) return;
  boost::asio::post(*strand_, [self = shared_from_this()] {
    self->kicked_ = false;
    if (!self->closed_) self->finish_round();
  });
}

void multi::act(curl_socket_t socket, int events) {
  const inside guard(in_curl_);
  int running = 0;
  if (::curl_multi_socket_action(handles_.get(), socket, events, &running) == CURLM_OK) return;
  timer_set_ = true;  // no memory, most likely: it is asked again soon
  due_ = steady_clock::now() + std::chrono::milliseconds(1);
}

void multi::on_ready() {
  for (const auto& event : sockets_.ready()) {
    int events = 0;
    if ((event.events & EPOLLIN) != 0) events |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) events |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) events |= CURL_CSELECT_ERR;
    act(event.data.fd, events);
  }
  finish_round();
}

void multi::finish_round() {
  if (in_curl_) return;
  // A few times: what has ended may let something begin, which libcurl wants to be called for at once.
  for (int i = 0; i < 8; ++i) {
    for (auto& t : std::exchange(let_in_, {})) {
      t->in_line = false;
      if (!t->done) pass_line(t);
    }
    for (auto& t : std::exchange(released_, {})) {
      t->parked = false;
      if (!t->done) pass_gate(*t);
    }
    const auto now = steady_clock::now();
    if (due_ <= now) {
      timer_set_ = false;
      act(CURL_SOCKET_TIMEOUT, 0);
      if (!timer_set_) due_ = under_way_ > 0 ? now + std::chrono::milliseconds(1) : no_time;
    }
    read_results();
    for (auto& [t, why] : std::exchange(ending_, {})) end(*t, std::move(why));
    if (let_in_.empty() && released_.empty() && due_ > now) break;
  }
  if (!let_in_.empty() || !released_.empty() || due_ <= steady_clock::now()) kick_soon();
  wait_for_sockets();
  set_alarm();
}

void multi::read_results() {
  int left = 0;
  while (const auto* const message = ::curl_multi_info_read(handles_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;  // the message is gone when its handle is
    easy_slot* slot = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    auto* const t = slot->of;
    const auto kept = t->self;
    t->ended(code);
    finish(*t);
  }
}

void multi::wait_for_sockets() {
  if (!ready_) return;
  if (under_way_ == 0) {
    // A wait keeps the context busy, and there is nothing to do.
    if (waiting_) ready_->cancel();
    return;
  }
  if (std::exchange(waiting_, true)) return;
  ready_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](boost::system::error_code) {
                       self->waiting_ = false;
                       if (!self->closed_) self->on_ready();
                     });
}

void multi::set_alarm() {
  if (!alarm_) return;
  if (under_way_ == 0) {
    if (armed_ != no_time) alarm_->cancel();
    armed_ = no_time;
    return;
  }
  if (due_ >= armed_) return;  // an alarm that rings too early sets the right one; most are never needed
  armed_ = due_;
  alarm_->expires_at(due_);
  alarm_->async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->armed_ = no_time;
    self->finish_round();
  });
}

}  // namespace penstock::http
