"""What a call leaves of where its lead stands: how it ended, what a person knew better, or that it never was."""

from msgspec.structs import replace

from leadbell.lead.facts import AttemptEnded, State
from leadbell.lead.standing import BeforeCall, LineSaid, Standing

#: Nobody calls any more.
NO_CALL = {
    "calling": None, "calling_by": None, "calling_since": None, "before_call": None, "connected_at": None,
}  # fmt: skip


def before_call(standing: Standing) -> BeforeCall:
    """What a call that begins now would have to give back."""
    return BeforeCall(**{name: getattr(standing, name) for name in BeforeCall.__struct_fields__})


def not_placed(standing: Standing, fact: AttemptEnded) -> Standing:
    """As if nobody had called: what was due before is due again. Whose customer it has become stays."""
    before, since = standing.before_call, standing.calling_since
    if standing.calling != fact.key or before is None:  # a customer's own call, or one that is over
        return ended(standing, replace(fact, outcome="unknown"))
    state = standing.state
    if state == "attempted":
        state = "accepted" if before.state in ("received", "ringing") else before.state
    return replace(
        standing, **NO_CALL, state=state, attempts=standing.attempts - 1, not_placed=standing.not_placed + 1,
        touches=standing.touches - 1,
        tries=min(before.tries, standing.tries), first_attempt_at=before.first_attempt_at,
        last_attempt_at=before.last_attempt_at,
        worked_at=before.worked_at if standing.worked_at == since else standing.worked_at,
        call_back_at=standing.call_back_at or before.call_back_at,
    )  # fmt: skip


def ended(standing: Standing, fact: AttemptEnded) -> Standing:
    """Whoever was reached is a conversation, and the ladder of three begins anew."""
    reached = fact.outcome == "conversation"
    first = reached and standing.reached_at is None
    under_way = standing.calling == fact.key
    return replace(
        standing, **(NO_CALL if under_way else {}), last_outcome=fact.outcome,
        line_said=_as_the_line_says(standing, fact) if under_way and standing.by_line else None,
        state=at_least(standing.state, "conversation") if reached else standing.state,
        reached_at=(fact.connected_at or fact.at) if first else standing.reached_at,
        first_attempt_reached=standing.first_attempt_reached or (first and standing.attempts == 1),
        tries=0 if reached else standing.tries,
        number_is_wrong=fact.outcome == "wrong_number" or (standing.number_is_wrong and not reached),
        worked_at=fact.at,
    )  # fmt: skip


def _as_the_line_says(standing: Standing, fact: AttemptEnded) -> LineSaid:
    return LineSaid(
        key=fact.key, by=fact.by, at=fact.at, outcome=fact.outcome, connected_at=standing.connected_at,
        state=standing.state, tries=standing.tries, reached_at=standing.reached_at,
        first_attempt_reached=standing.first_attempt_reached, number_is_wrong=standing.number_is_wrong,
    )  # fmt: skip


def corrected(standing: Standing, fact: AttemptEnded) -> Standing:
    """As if the line had said so at once; whom the customer turned to since then counts all the same."""
    said = standing.line_said
    if said is None or said.key != fact.key:
        return standing
    asked_since = standing.interested_at is not None and standing.interested_at > said.at
    before = replace(
        standing, state=said.state if standing.state == "conversation" else standing.state,
        tries=0 if asked_since else said.tries, reached_at=said.reached_at,
        first_attempt_reached=said.first_attempt_reached, number_is_wrong=said.number_is_wrong,
    )  # fmt: skip
    return replace(ended(before, replace(fact, at=said.at)), worked_at=standing.worked_at)


_WAY: tuple[State, ...] = (
    "received", "ringing", "accepted", "attempted", "conversation", "quote", "appointment", "confirmed", "shown",
)  # fmt: skip


def at_least(state: State, reached: State) -> State:
    """The further of the two on the way to a sale; a lead that is closed stays so."""
    if state not in _WAY:
        return state
    return max(state, reached, key=_WAY.index)
