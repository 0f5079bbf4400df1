"""A lead's row in plain Python, written from the words of docs/figures.md and not from the SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadbell.metrics.rows.exchange import Rows
from leadbell.metrics.tables import LEADS, TOUCHES, VISITS

DAY, YEAR, MINUTE = 86_400_000, 31_536_000_000, 60_000
Row = dict[str, Any]


def rows_by_lead(rows: Rows) -> list[Row]:
    """Each lead's row, by its number."""
    touches = _by_lead(TOUCHES.names, rows.touches)
    visits = _by_lead(VISITS.names, rows.visits)
    leads = [dict(zip(LEADS.names, lead, strict=True)) for lead in rows.leads]
    return [
        row(lead, touches.get(lead["lead"], []), visits.get(lead["lead"], []))
        for lead in sorted(leads, key=lambda lead: lead["lead"])
    ]


def _by_lead(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for one in rows:
        said = dict(zip(names, one, strict=True))
        found.setdefault(said["lead"], []).append(said)
    return found


def row(lead: Row, touches: list[Row], visits: list[Row]) -> Row:
    touches = sorted(touches, key=lambda t: (t["started_ms"], t["nr"]))
    human_phone = [t for t in touches if t["channel"] == "phone" and t["made_by"] == "human"]
    calls = [t for t in human_phone if t["direction"] == "out" or t["outcome"] == "conversation"]
    talks = [t for t in calls if t["outcome"] == "conversation"]
    out = [t for t in touches if t["direction"] == "out"]
    came = [t for t in touches if t["direction"] == "in"]
    reviewed = [t for t in calls if t["opportunity"] is not None]
    received = lead["received_ms"]
    copied = {name: lead[name] for name in COPIED}
    return (
        copied
        | _durations(lead, calls, talks)
        | {
            "active": lead["origin"] in ("online", "call", "chat", "walk_in"),
            "rings": lead["origin"] in ("online", "call", "chat"),
            "forwarded": lead["forwarded"] is not False,
            "by_phone": lead["by_phone"] is not False,
            "no_shows": lead["no_shows"] or 0,
            "first_attempt_ms": calls[0]["started_ms"] if calls else None,
            "first_contact": _contact([t for t in calls if t["started_ms"] == calls[0]["started_ms"]]),
            "attempts": sum(t["direction"] == "out" for t in calls),
            "conversations": len(talks),
            "reviewed": len(reviewed),
            "opportunities": sum(t["opportunity"] for t in reviewed),
            "appointments_of_opportunities": sum(
                t["opportunity"] and t["agreed"] == "appointment" for t in reviewed
            ),
            "appointments_of_reviewed": sum(t["agreed"] == "appointment" for t in reviewed),
            "hands": len(
                {t["person"] for t in touches if t["made_by"] == "human" and t["person"] is not None}
            ),
            "automated_touches": sum(t["made_by"] == "automation" for t in out),
            "human_messages": sum(t["made_by"] == "human" and t["channel"] != "phone" for t in out),
            "human_calls": sum(t["made_by"] == "human" and t["channel"] == "phone" for t in out),
            "calls_answered": sum(t["channel"] == "phone" and t["outcome"] == "conversation" for t in out),
            "touches_answered": _answered(touches),
            "first_touch_ms": min((t["started_ms"] for t in out), default=None),
            "first_email_ms": min((t["started_ms"] for t in out if t["channel"] == "email"), default=None),
            **_channel(out, came, "sms", "text", "texts"),
            **_channel(out, came, "chat", "line", "chat_lines"),
            "emails": sum(t["channel"] == "email" for t in out),
            "chat_response_ms": _chat(lead, out),
            "last_in_ms": max((t["started_ms"] for t in came), default=None),
            "last_email_in_ms": max((t["started_ms"] for t in came if t["channel"] == "email"), default=None),
            "last_seen_ms": max((v["seen_ms"] for v in visits), default=None),
        }
        | {f"lost_{days}_ms": _lost(lead, touches, received, days) for days in (7, 14, 21)}
    )


COPIED = (
    "lead", "ref", "dealer", "salesperson", "origin", "source", "campaign", "channel", "brand", "set_aside",
    "received_ms", "received_on", "in_hours", "somebody_free", "opened_ms", "quoted_ms", "booked_ms", "confirmed_ms",
    "shown_ms", "handed_over_ms", "dropped", "bdc_agent", "received_by",
    "sold_ms", "sold_on", "sold_weekday", "lost_ms", "lost_reason", "ended_ms",
    "cost_cents", "margin_cents",
)  # fmt: skip


def _channel(out: list[Row], came: list[Row], channel: str, one: str, many: str) -> Row:
    """When the first message of a channel went out, when the last one came, and how many went out."""
    sent = [t["started_ms"] for t in out if t["channel"] == channel]
    return {
        f"first_{one}_ms": min(sent, default=None), many: len(sent),
        f"last_{one}_in_ms": max((t["started_ms"] for t in came if t["channel"] == channel), default=None),
    }  # fmt: skip


def _chat(lead: Row, out: list[Row]) -> int | None:
    """From a chat's first line to a person's first answer in it, where that isn't absurd."""
    first = _least(t["started_ms"] for t in out if t["channel"] == "chat" and t["made_by"] == "human")
    if lead["origin"] != "chat" or first is None:
        return None
    waited = first - lead["received_ms"]
    return waited if 0 <= waited <= DAY else None


def _contact(first: list[Row]) -> int | None:
    outcomes = [t["outcome"] for t in first]
    if "conversation" in outcomes:
        return 1
    return 0 if any(outcomes) else None


def _answered(touches: list[Row]) -> int:
    found = 0
    for i, touch in enumerate(touches):
        if touch["direction"] != "out":
            continue
        if touch["channel"] == "phone":
            found += touch["outcome"] == "conversation"
        else:
            found += i + 1 < len(touches) and touches[i + 1]["direction"] == "in"
    return found


def _durations(lead: Row, calls: list[Row], talks: list[Row]) -> Row:
    received = lead["received_ms"]
    first = [t for t in calls if t["started_ms"] == calls[0]["started_ms"]]
    talk = [t for t in talks if t["started_ms"] == talks[0]["started_ms"]]
    response = first[0]["started_ms"] - received if first else None
    connected = _least(t["connected_ms"] for t in talk)
    connect = connected - received if connected is not None else None
    lengths = [_talked(t) for t in talk]
    length = max((one for one in lengths if one is not None), default=None)
    sale = lead["sold_ms"] - received if lead["sold_ms"] is not None else None
    return {
        "response_ms": _sane(response), "odd_response": _odd(response),
        "response_open_ms": _open(response, _least(t["open_ms"] for t in first)),
        "connect_ms": _sane(connect), "odd_connect": _odd(connect),
        "connect_open_ms": _open(connect, _least(t["connected_open_ms"] for t in talk)),
        "talk_ms": length if length is not None and 0 <= length <= 4 * 60 * MINUTE else None,
        "odd_talk": int(length is not None and not 0 <= length <= 4 * 60 * MINUTE),
        "sale_ms": sale if sale is not None and sale >= 0 else None, "odd_sale": int(sale is not None and sale < 0),
    }  # fmt: skip


def _talked(touch: Row) -> int | None:
    if touch["talk_ms"] is not None:
        return touch["talk_ms"]
    if touch["ended_ms"] is None or touch["connected_ms"] is None:
        return None
    return touch["ended_ms"] - touch["connected_ms"]


def _least(values: Any) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _sane(duration: int | None) -> int | None:
    return None if duration is None or _odd(duration) else max(0, duration)


def _odd(duration: int | None) -> int:
    return int(duration is not None and not -MINUTE <= duration <= YEAR)


def _open(clock: int | None, opened: int | None) -> int | None:
    return None if clock is None or _odd(clock) or opened is None or opened < 0 else opened


def _lost(lead: Row, touches: list[Row], received: int, days: int) -> int | None:
    """The first time that it was given up, or that nobody had done anything for so many days."""
    moments = sorted([received, *(t["started_ms"] for t in touches if t["made_by"] == "human")])
    silent = next(
        at + days * DAY for at, then in zip(moments, [*moments[1:], None], strict=True)
        if then is None or then - at >= days * DAY
    )  # fmt: skip
    gone = silent if lead["lost_ms"] is None else min(silent, lead["lost_ms"])
    return None if lead["sold_ms"] is not None and gone >= lead["sold_ms"] else gone
