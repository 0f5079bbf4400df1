"""A plan as sentences that a manager can check, in the order in which things happen."""

from dataclasses import dataclass

from leadbell.followup.playbook import Plan, RingRound
from leadbell.words import Words, say


@dataclass(frozen=True, slots=True)
class Told:
    """What happens with a new lead, when nobody answers the phone, and in the weeks after."""

    ringing: tuple[Words, ...]
    calling: tuple[Words, ...]
    staying: tuple[Words, ...]


def tell(plan: Plan) -> Told:
    return Told(_ringing(plan), _calling(plan), _staying(plan))


def _ringing(plan: Plan) -> tuple[Words, ...]:
    first = (
        say("Wait %(minutes)s minutes: not called too directly.", minutes=plan.wait_before_m)
        if plan.wait_before_m
        else say("Ring at once in opening hours, else when the dealer opens.")
    )
    bdc = (
        (say("The BDC has it in its queue for %(minutes)s minutes.", minutes=plan.bdc_m),)
        if plan.first == "bdc"
        else ()
    )
    rounds, best = [], 0
    for this in plan.rounds:
        best += this.how == "best"
        rounds.append(_round(this, best))
    again = _again(plan)
    late = say(
        "Accepted, but not called within %(minutes)s minutes: ring the manager.", minutes=plan.manager_after_m
    )
    return (first, *bdc, *rounds, again, late)


def _round(this: RingRound, best: int) -> Words:
    if this.how == "all":
        return say("Then everybody at once for %(seconds)s seconds.", seconds=this.ring_s)
    if this.how == "manager":
        return say("Ring the sales manager for %(seconds)s seconds.", seconds=this.ring_s)
    if best == 1:
        return say("Ring the best salesperson for %(seconds)s seconds.", seconds=this.ring_s)
    return say("Then the next best for %(seconds)s seconds.", seconds=this.ring_s)


def _again(plan: Plan) -> Words:
    """After the last round: whoever `make_it_ring` rings again."""
    about = {"seconds": plan.ring_again_s, "times": plan.ring_again_times}
    kinds = [this.how for this in plan.rounds]
    if not plan.ring_again_times or not kinds:
        return say("Nobody accepted: it waits on the Floor for a manager.")
    if plan.first == "manager" or ("all" not in kinds and kinds[-1] == "manager"):
        return say(
            "Nobody accepted: ring the manager again every %(seconds)s seconds, up to %(times)s times.",
            **about,
        )
    if "all" not in kinds:
        return say(
            "Nobody accepted: ring the best again every %(seconds)s seconds, up to %(times)s times.", **about
        )
    return say(
        "Nobody accepted: ring everybody again every %(seconds)s seconds, up to %(times)s times.", **about
    )


def _calling(plan: Plan) -> tuple[Words, ...]:
    sentences = [say("No answer: at least %(count)s attempts.", count=1 + len(plan.retries))]
    for number, retry in enumerate(plan.retries, start=2):
        if retry.at:
            sentences.append(
                say(
                    "Attempt %(number)s after %(minutes)s minutes or more, near %(time)s.",
                    number=number,
                    minutes=retry.minutes,
                    time=retry.at,
                )
            )
        else:
            sentences.append(
                say("Attempt %(number)s after %(minutes)s minutes.", number=number, minutes=retry.minutes)
            )
    sentences.append(say("After the last one: write personally."))
    return tuple(sentences)


def _staying(plan: Plan) -> tuple[Words, ...]:
    days = ", ".join(str(day) for day in plan.cadence_days)
    contact = (
        say("Stay in touch on the days %(days)s.", days=days)
        if days
        else say("No contact is planned after the attempts.")
    )
    return (
        contact,
        say("Follow-up ends after day %(day)s.", day=plan.last_day),
        say("Confirm an appointment personally %(hours)s hours before.", hours=plan.confirm_before_h),
        say(
            "A handover from the BDC is accepted within %(minutes)s minutes, else it goes on.",
            minutes=plan.accept_m,
        ),
        say(
            "Who didn’t come is called at once, %(count)s times, then written to.",
            count=1 + len(plan.no_show_retries),
        ),
        say("A call whose end nobody noted: ask after %(minutes)s minutes.", minutes=plan.outcome_after_m),
    )
