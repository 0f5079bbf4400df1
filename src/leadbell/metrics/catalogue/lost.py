"""Given up, and seen again on the website."""

from leadbell.metrics.metric import Metric, Reference
from leadbell.words import say

_SEEN_AGAIN = Reference(
    0.137, "S4", say("13.7 % to 21.6 % over the windows of 7, 14 and 21 days, at 500 dealers"), upper=0.216
)
_MIXED_UP = say("S4 prints 21.6 % as the upper unlost share and as a re-engagement rate: they are different figures, "
                "and a mix-up in the source can't be excluded")  # fmt: skip


def _unlost(days: int) -> Metric:
    return Metric(
        f"unlost_rate_{days}", say("seen again on the website, of leads lost within %(days)s days", days=days),
        say("leads marked lost, or without anything done for %(days)s days", days=days),
        say("lost leads whose customer was seen on the website after they were lost, of all lost; automated messages "
            "are nothing done"),
        "share", "share", f"last_seen_ms > lost_{days}_ms", f"set_aside is null and lost_{days}_ms <= as_of", "",
        (_SEEN_AGAIN,), ("leads.lost_ms", "touches.started_ms", "visits.seen_ms"), warning=_MIXED_UP,
    )  # fmt: skip


METRICS = (
    *(_unlost(days) for days in (7, 14, 21)),
    Metric(
        "lost_rate", say("lost, of leads received"), say("all leads received"),
        say("leads closed without a sale, of all received"),
        "share", "share", "ended_ms is not null and sold_ms is null", "set_aside is null", "less", (),
        ("leads.ended_ms", "leads.sold_ms"),
    ),
)  # fmt: skip
