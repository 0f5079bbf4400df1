"""The verdict in sentences that a manager can repeat, for terminal and report."""

from collections.abc import Callable

from leadbell.metrics.reports.verdict import Verdict
from leadbell.metrics.reports.verdict import headline as verdict_headline
from leadbell.words import Words, say


def percent(share: float) -> str:
    """`58 %`, under ten per cent with a decimal: `9.4 %`, as on the screens."""
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def between(interval: tuple[float, float]) -> str:
    """`7.9–11.2 %`, as on the screens."""
    low, high = interval
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def headline(verdict: Verdict, read: Callable[[Words], str]) -> str:
    """The sentence a manager can repeat, as the Verdict page says it."""
    return " ".join(read(part) for part in verdict_headline(verdict) if part is not None)


def ripe(verdict: Verdict) -> Words:
    """Which leads the verdict is about."""
    if verdict.unripe:
        return say("No lead is 45 days old yet: this share will still grow.")
    return say("Only leads at least 45 days old count; younger ones may still be sold.")


def leaks(verdict: Verdict, read: Callable[[Words], str]) -> Words | None:
    """Where most is lost against its reference; None where no step has one."""
    leak = verdict.leak
    if leak is None or leak.share is None or leak.reference is None:
        return None
    before = verdict.funnel[[step.stage for step in verdict.funnel].index(leak.stage) - 1]
    about: dict[str, str | int] = {
        "step": read(leak.title), "before": read(before.title), "share": percent(leak.share), "leads": leak.leads,
        "of": leak.of or 0, "reference": percent(leak.reference),
    }  # fmt: skip
    if leak.share >= leak.reference:
        return say("No step falls short of its reference; the closest is %(before)s → %(step)s: %(leads)s of %(of)s "
                   "(%(share)s, reference %(reference)s).", **about)  # fmt: skip
    return say(
        "Most is lost between %(before)s and %(step)s: %(leads)s of %(of)s (%(share)s, reference %(reference)s).",
        **about,
    )


def worth_of(verdict: Verdict) -> Words | None:
    """What closing the leak would bring, with the calculation; None where nothing leaks."""
    if verdict.worth is None or verdict.leak is None:
        return None
    return say(
        "Worth at the reference: %(more)s more leads would come so far; %(share)s of those who do are sold: about %(sales)s sales.",
        more=round(verdict.worth.more), share=percent(verdict.worth.sold_share), sales=round(verdict.worth.sales),
    )  # fmt: skip
