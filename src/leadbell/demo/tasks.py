"""What people do about a lead when it is asked of them, each by their habits: call, write, receive, sell. Pure."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from leadbell.demo import chances, handing
from leadbell.demo.chances import DAY, HOUR, MINUTE
from leadbell.demo.course import SECOND, Course
from leadbell.demo.talk import WORDS
from leadbell.followup.decisions import Ask
from leadbell.lead.facts import (
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    Confirmed,
    Moved,
    NoShow,
    Noted,
    Opened,
    OptedOut,
    Quoted,
    Replied,
    Shown,
    Sold,
    Wrote,
)

if TYPE_CHECKING:
    from leadbell.demo.house import Worker


def do_call(course: Course, worker: "Worker", ask: Ask) -> None:
    rng, s, habits, begin = course.rng, course.standing, worker.habits_at(course.at), course.at
    if course.is_fresh():
        if (
            s.attempts == 0
            and s.by_email
            and "call" not in course.meant
            and rng.random() < habits.writes_first
        ):
            write(course, worker, course.free(worker, begin + rng.uniform(120, 700) * SECOND))
            return
        at = course.means_to("call", worker, begin + chances.prepares(rng, habits.prepares_s, habits.spread))
        if ask.again_at and course.at < ask.again_at < at:
            course.wait_until(ask.again_at)
            return
    elif s.call_back_at is not None:
        at = course.means_to("call", worker, begin + rng.uniform(0, 14) * MINUTE)
    elif rng.random() < _chance_to_persist(course, habits.persists):
        at = course.means_to("call", worker, begin + timedelta(minutes=rng.expovariate(1 / 35)))
    else:
        _neglect(course, worker, begin)
        return
    if not course.customer_before(at):
        call(course, worker, max(at, course.at))


def do_write(course: Course, worker: "Worker", ask: Ask) -> None:
    reminded_at = ask.again_at if course.is_fresh() else None
    careful = (
        course.rng.random() < 0.35 + 0.65 * worker.habits_at(course.at).persists or "write" in course.meant
    )
    if not careful:
        if reminded_at and course.at < reminded_at:
            course.wait_until(reminded_at)
        else:
            _neglect(course, worker, course.at)
        return
    minutes = course.rng.expovariate(1 / 25) + 3
    at = course.means_to("write", worker, course.at + minutes * MINUTE)
    if reminded_at and course.at < reminded_at < at:
        course.wait_until(reminded_at)
    elif not course.customer_before(at):
        write(course, worker, max(at, course.at))


def do_confirm(course: Course, worker: "Worker", ask: Ask) -> None:
    rng, s = course.rng, course.standing
    starts_at, number = s.appointment_at or course.at, s.appointment or 0
    at = course.means_to("confirm", worker, course.at + rng.expovariate(1 / 50) * MINUTE)
    if at >= starts_at or rng.random() > 0.25 + 0.75 * worker.habits_at(course.at).persists:
        course.wait_until(starts_at)
        return
    if course.customer_before(at):
        return
    if s.taken_over_at is not None and s.by_phone and not s.number_is_wrong and rng.random() < 0.8:
        handing.meet_first(course, worker, at)
        return
    chance = rng.random()
    by = worker.number
    if chance < 0.05:
        course.tell(Cancelled(at=at, appointment=number, by=by))
    elif chance < 0.12:
        later = _visit_at(course, worker, at + DAY)
        course.tell(Moved(at=at, appointment=number, by=by, starts_at=later))
    else:
        course.tell(Confirmed(at=at, appointment=number, by=by, how=chances.how_confirmed(rng)))
    course.meant.clear()


def do_shown(course: Course, worker: "Worker", ask: Ask) -> None:
    rng, s, company = course.rng, course.standing, course.house.company
    at = course.means_to("shown", worker, course.at + rng.uniform(4, 75) * MINUTE)
    comes = company.comes * (1 if s.confirmed_at else 0.78) * (0.75 if s.no_shows else 1)
    number, by = s.appointment or 0, worker.number
    course.meant.clear()
    if rng.random() < comes:
        course.tell(Shown(at=at, appointment=number, by=by))
    else:
        course.tell(NoShow(at=at, appointment=number, by=by))


def do_result(course: Course, worker: "Worker", ask: Ask) -> None:
    """Sold or lost, after the customer has thought about it."""
    rng, s = course.rng, course.standing
    if s.calling is not None:
        ended = AttemptEnded(at=course.at + SECOND, key=s.calling, by=worker.number, outcome="no_answer")
        course.tell(ended, f"{s.calling}:ended")
        return
    if s.shown_at is None:
        _neglect(course, worker, course.at)
        return
    at = course.means_to("result", worker, s.shown_at + chances.decides_after(rng))
    if course.customer_before(at):
        return
    if rng.random() < course.house.company.buys * (0.75 + 0.25 * worker.habits_at(course.at).persuades):
        course.tell(Sold(at=max(at, course.at), by=worker.number))
    else:
        course.lose(worker, at, chances.why_lost(rng, was_here=True))


def call(course: Course, worker: "Worker", at: datetime) -> None:
    rng, s = course.rng, course.standing
    course.meant.clear()
    if s.attempts == 0 and s.owner == worker.number and at - course.at > 6 * SECOND and rng.random() < 0.5:
        looked_at = at - rng.uniform(2, min((at - course.at) / SECOND - 2, 1500)) * SECOND
        course.tell(Opened(at=looked_at, by=worker.number), f"opened:{worker.number}")
    call = chances.call(rng, s, at, worker.habits_at(at).persuades)
    key = s.next_attempt
    course.tell(Attempted(at=at, by=worker.number, key=key), key)
    hang_up(course, worker, call, key)


def hang_up(course: Course, worker: "Worker", call: chances.Call, key: str) -> None:
    """The call that begins now, to its end and to what comes of it."""
    rng, at, number = course.rng, course.at, worker.number
    talks_s = (
        min(call.talks_s, max(20.0, worker.room_s(at + SECOND) - call.rings_s - 20)) if call.talks_s else 0
    )
    worker.calls_from(at, call.rings_s + talks_s)
    answered_at = at + call.rings_s * SECOND
    ended = AttemptEnded(
        at=answered_at + round(1000 * talks_s) * timedelta(milliseconds=1), key=key, by=number,
        outcome=call.outcome, connected_at=answered_at if talks_s else None,
        talk_ms=round(1000 * talks_s) if talks_s else None,
    )  # fmt: skip
    course.tell(ended, f"{key}:ended")
    if call.outcome == "conversation":
        agree(course, worker, call.result, course.at + rng.uniform(3, 25) * SECOND)
    elif call.outcome == "wrong_number" and not course.standing.by_email:
        course.lose(worker, course.at + rng.uniform(10, 60) * SECOND, "not_reachable")


def agree(course: Course, worker: "Worker", result: chances.Result, at: datetime) -> None:
    """What came of talking or writing with the customer."""
    rng, by, talk = course.rng, worker.number, WORDS.get(worker.player.language, WORDS["en"])
    if result == "call_back" and (not course.standing.by_phone or course.standing.number_is_wrong):
        result = "quote"
    match result:
        case "appointment":
            starts_at = _visit_at(course, worker, at)
            number, what = next(course.appointments), rng.choice(talk["booked"])
            course.tell(Booked(at=at, appointment=number, by=by, starts_at=starts_at, what=what))
        case "quote":
            course.tell(Quoted(at=at, by=by))
        case "call_back":
            due_at = course.house.hours_at(at).shift_into_hours(
                at + rng.choice((3, 22, 26, 47, 70, 96, 120)) * HOUR
            )
            due_at = due_at.replace(minute=rng.choice((0, 30)), second=0, microsecond=0)
            if due_at <= at:
                due_at += HOUR
            course.tell(CallBackAgreed(at=at, by=by, due_at=due_at, note=rng.choice(talk["call_back"])))
        case "lost":
            if rng.random() < 0.05:
                course.tell(OptedOut(at=at, by=by))
            course.lose(worker, course.at if course.standing.opted_out else at, chances.why_lost(rng))
        case "nothing":
            if rng.random() < 0.4:
                course.tell(Noted(at=at, by=by, text=rng.choice(talk["noted"])))


def write(course: Course, worker: "Worker", at: datetime) -> None:
    """A personal e-mail; to somebody who answered, it may settle things."""
    rng, s = course.rng, course.standing
    course.meant.clear()
    answers = any(isinstance(one.fact, Replied) for one in course.told)
    course.tell(Wrote(at=max(at, course.at), by=worker.number, carrier="email"))
    if answers and not s.appointment and rng.random() < 0.7:
        agree(course, worker, chances.by_mail(rng), course.at + rng.uniform(20, 600) * SECOND)
    elif s.by_email and rng.random() < (0.3 if s.by_phone else 0.55):
        course.replies_at = course.at + timedelta(hours=rng.expovariate(1 / 9) + 0.2)


def _chance_to_persist(course: Course, persists: float) -> float:
    """The second and third attempt cost discipline [S3]; later contacts are soon thought to be useless."""
    return 1 - (1 - persists) ** 1.6 if course.standing.attempts < 3 else persists * 0.88


def _neglect(course: Course, worker: "Worker", due: datetime) -> None:
    """It isn't done when it is due: closed for comfort, done late, or forgotten until day 45."""
    rng, s = course.rng, course.standing
    chance = rng.random()
    forgotten = 0.22 * (1 - worker.habits_at(course.at).persists)
    if chance < (0.6 if s.touches else 0.3) + 0.4 * forgotten:
        at = course.free(worker, due + rng.uniform(0.1, 3.0) * DAY)
        if course.customer_before(at):
            return
        reason = chances.why_lost(rng) if s.reached_at else "not_reachable"
        course.lose(worker, at, reason)
    elif chance < 1 - forgotten or s.asked_at is None:
        at = course.free(worker, due + rng.uniform(0.2, 1.6) * DAY)
        if course.customer_before(at):
            return
        if s.by_phone and not s.number_is_wrong:
            call(course, worker, at)
        elif s.by_email:
            write(course, worker, at)
        else:
            course.lose(worker, at, "not_reachable")
    else:
        course.wait_until(s.asked_at + 46 * DAY + HOUR)


def _visit_at(course: Course, worker: "Worker", now: datetime) -> datetime:
    """A time at which whoever receives the customer is free."""
    host = course.house.worker(course.standing.owner) if course.standing.owner else worker
    at = chances.appointment_time(course.rng, course.house.hours, now)
    while not host.is_free(at):
        at = chances.appointment_time(course.rng, course.house.hours, now + chances.DAY)
        now += chances.HOUR
    host.visits.add(at)
    return at
