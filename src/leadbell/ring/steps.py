"""The steps of a call, as its row keeps them and the screens hear of them; the last one ends it."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from leadbell import statement
from leadbell.announce import SCREENS, announce
from leadbell.ring.held import keep
from leadbell.ring.models import Call
from leadbell.ring.ports import Heard
from leadbell.statement import FORGETFUL
from leadbell.words import Words

log = structlog.get_logger("leadbell.calls")

MOST_STEPS = 60
#: By this it is decided at the end: kept however many phones have rung.
RECORDED = "recorded"


def step(call: Call, what: str, now: datetime, person: int | None) -> None:
    """One step more, kept with what else becomes of the held call; after MOST_STEPS only RECORDED."""
    if len(call.steps) < MOST_STEPS or what == RECORDED:
        call.steps = [*call.steps, [round((now - call.asked_at).total_seconds() * 1000), what, person]]


def is_recorded(call: Call) -> bool:
    """Whether the line was asked to record it, whatever the dealer has chosen since."""
    return any(what == RECORDED for _ms, what, _person in call.steps)


def over(call: Call, outcome: str, now: datetime, because: Words | None) -> None:
    """The held call has ended: kept, and told to the screens."""
    call.status, call.outcome, call.ended_at = Call.Status.OVER, outcome, now
    call.because = msgspec.to_builtins(because) if because else call.because
    keep(call)
    tell_screens(call)
    log.info(
        "call over", dealer=call.dealer_id, lead=call.lead_id, line=call.line, kind=call.kind, outcome=outcome,
        talk_ms=call.talk_ms,
    )  # fmt: skip


def tell_screens(call: Call) -> None:
    """Of the person who has the call, or of everybody it rings at."""
    announce(
        call.dealer_id, "call", call.lead_id, call.people if call.person_id is None else [call.person_id]
    )


#: Steps that change the call's row alone: the lead is not asked for.
STEPS_ALONE = frozenset({"rings", "customer_rings", "dialled", "voicemail"})
_STEP = f"""
with step as (
    update leadbell_call set
        steps = case when jsonb_array_length(steps) < %(most)s then steps || jsonb_build_array(jsonb_build_array(
            round(extract(epoch from %(now)s::timestamptz - asked_at) * 1000)::bigint,
            %(what)s::text, %(person)s::bigint
        )) else steps end,
        dialled_at = case when %(what)s::text = 'dialled' then %(now)s::timestamptz else dialled_at end,
        outcome = case when %(what)s::text = 'voicemail' then 'voicemail' else outcome end
    where id = %(id)s and status <> 'over'
    returning dealer_id, lead_id, people, person_id
)
select pg_notify(%(screens)s, json_build_object('d', dealer_id, 'w', 'call', 'l', lead_id, 'p',
    to_json(case when person_id is null then people else array[person_id] end))::text), {FORGETFUL} from step
"""  # noqa: S608 (FORGETFUL is a constant)


def step_alone(news: Heard) -> None:
    """Write down a step of STEPS_ALONE, where the call isn't over."""
    about = {
        "id": uuid.UUID(hex=news.key), "what": news.what, "person": news.person, "now": news.at, "most": MOST_STEPS,
        "screens": SCREENS,
    }  # fmt: skip
    statement.run(_STEP, about)


#: Heard so often that many are written down together: ten phones that ring for one lead ring within a moment.
RINGS = frozenset({"rings", "customer_rings"})
_RINGS = f"""
with told as (
    select k.id, jsonb_agg(jsonb_build_array(
        round(extract(epoch from h.at - k.asked_at) * 1000)::bigint, h.what, h.person) order by h.at) as steps
    from unnest(%(ids)s::uuid[], %(whats)s::text[], %(people)s::bigint[], %(ats)s::timestamptz[])
        as h(id, what, person, at)
    join leadbell_call k on k.id = h.id
    where jsonb_array_length(k.steps) < %(most)s
    group by k.id
), kept as (
    update leadbell_call set steps = leadbell_call.steps || told.steps from told where leadbell_call.id = told.id
    returning dealer_id, lead_id, people, person_id
)
select pg_notify(%(screens)s, json_build_object('d', dealer_id, 'w', 'call', 'l', lead_id, 'p',
    to_json(case when person_id is null then people else array[person_id] end))::text), {FORGETFUL} from kept
"""  # noqa: S608 (FORGETFUL is a constant)


def heard_ringing(news: Sequence[Heard]) -> None:
    """Write down which phones ring, of many calls in one statement."""
    about = {
        "ids": [uuid.UUID(hex=one.key) for one in news], "whats": [one.what for one in news],
        "people": [one.person for one in news], "ats": [one.at for one in news], "most": MOST_STEPS,
        "screens": SCREENS,
    }  # fmt: skip
    statement.run(_RINGS, about)
