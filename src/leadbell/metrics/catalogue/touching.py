"""People against automation: who gets an answer, over which channel, after how many touches [S4]."""

from leadbell.metrics.metric import Metric, Reference
from leadbell.words import Words, say

NO_EXPERIMENT = say("An observed difference is no experiment: nobody drew lots for which leads got automated messages, "
                    "so it shows an association and no effect.")  # fmt: skip
_IN = {"people_only": "automated_touches = 0", "some_automation": "automated_touches > 0"}
GROUPS: dict[str, Words] = {"people_only": say("people only"), "some_automation": say("some automation")}
_TOUCHED_BY = {
    "people_only": say("leads touched by people only"),
    "some_automation": say("leads touched, some by automation"),
}
_TITLES = {
    "people_only": {
        "again": say("answered or came back, of leads touched by people only"),
        "email": say("answered by e-mail, of leads e-mailed by people only"),
        "phone": say("reached by phone, of leads called and touched by people only"),
        "sms": say("answered by text message, of leads texted by people only"),
        "chat": say("went on in the chat, of leads answered in a chat by people only"),
        "answered": say("touches answered, of all touches of leads touched by people only"),
        "touches": say("touches, per lead touched by people only"),
        "calls": say("calls, per lead touched by people only"),
        "emails": say("e-mails, per lead touched by people only"),
        "texts": say("text messages, per lead touched by people only"),
        "chat_messages": say("messages in a chat, per lead touched by people only"),
    },
    "some_automation": {
        "again": say("answered or came back, of leads touched with some automation"),
        "email": say("answered by e-mail, of leads e-mailed with some automation"),
        "phone": say("reached by phone, of leads called and touched with some automation"),
        "sms": say("answered by text message, of leads texted with some automation"),
        "chat": say("went on in the chat, of leads answered in a chat with some automation"),
        "answered": say("touches answered, of all touches of leads touched with some automation"),
        "touches": say("touches, per lead touched with some automation"),
        "calls": say("calls, per lead touched with some automation"),
        "emails": say("e-mails, per lead touched with some automation"),
        "texts": say("text messages, per lead touched with some automation"),
        "chat_messages": say("messages in a chat, per lead touched with some automation"),
    },
}
_RATE = {
    "people_only": Reference(0.395, "S4", say("39.5 % with people only")),
    "some_automation": Reference(0.216, "S4", say("21.6 % with some automation; over 138 leads no count gives it, "
                                                  "76 of 352 touches do")),
}  # fmt: skip
_TOUCHES = {
    "people_only": Reference(474 / 362, "S4", say("1.31: 474 touches for 362 leads")),
    "some_automation": Reference(352 / 138, "S4", say("2.6: 352 touches for 138 leads")),
}
_CALLS = {
    "people_only": Reference(289 / 362, "S4", say("0.80: 289 calls for 362 leads; the source says 20 % more than with "
                                                  "automation, its own counts say 60 %")),
    "some_automation": Reference(69 / 138, "S4", say("0.50: 69 calls for 138 leads")),
}  # fmt: skip
_ALL = "set_aside is null"
_TOUCHED = f"{_ALL} and first_touch_ms is not null"
_SUM = "automated_touches + human_messages + human_calls"
_NEEDS = ("touches.started_ms",)
_AGAIN = "last_in_ms > first_touch_ms or calls_answered > 0 or last_seen_ms > first_touch_ms"


def _of_group(group: str) -> tuple[Metric, ...]:
    is_in, base, titles = _IN[group], _TOUCHED_BY[group], _TITLES[group]
    return (
        Metric(
            f"reengagement_rate_{group}", titles["again"],
            base,
            say("leads whose customer answered or came back after a touch, of all leads touched"),
            "share", "share", _AGAIN, f"{_TOUCHED} and {is_in}", "more", (_RATE[group],), _NEEDS, warning=NO_EXPERIMENT,
        ),
        Metric(
            f"reengagement_rate_{group}_email", titles["email"],
            base,
            say("leads whose customer wrote back after an e-mail, of all leads that got one"),
            "share", "share", "last_email_in_ms > first_email_ms",
            f"{_ALL} and first_email_ms is not null and {is_in}", "more", (), _NEEDS, warning=NO_EXPERIMENT,
        ),
        Metric(
            f"reengagement_rate_{group}_phone", titles["phone"],
            base,
            say("leads with a conversation, of all that were called"),
            "share", "share", "calls_answered > 0", f"{_ALL} and human_calls > 0 and {is_in}", "more", (),
            (*_NEEDS, "touches.outcome"), warning=NO_EXPERIMENT,
        ),
        Metric(
            f"reengagement_rate_{group}_sms", titles["sms"],
            base,
            say("leads whose customer wrote back after a text message, of all leads that got one"),
            "share", "share", "last_text_in_ms > first_text_ms",
            f"{_ALL} and first_text_ms is not null and {is_in}", "more", (), _NEEDS, warning=NO_EXPERIMENT,
        ),
        Metric(
            f"reengagement_rate_{group}_chat", titles["chat"],
            base,
            say("leads whose customer wrote again after an answer in the chat, of all leads that got one there"),
            "share", "share", "last_line_in_ms > first_line_ms",
            f"{_ALL} and first_line_ms is not null and {is_in}", "more", (), _NEEDS, warning=NO_EXPERIMENT,
        ),
        Metric(
            f"touches_answered_{group}", titles["answered"],
            base,
            say("calls that became a conversation and messages after which the customer came next, of all touches"),
            "ratio", "share", f"case when {_ALL} and {is_in} then touches_answered else 0 end",
            f"case when {_ALL} and {is_in} then {_SUM} else 0 end", "more", (_RATE[group],),
            (*_NEEDS, "touches.outcome"), warning=NO_EXPERIMENT,
        ),
        Metric(
            f"touches_per_lead_{group}", titles["touches"],
            base,
            say("calls and messages towards the customer, automated ones too, per lead touched"),
            "ratio", "per_lead", f"case when {_TOUCHED} and {is_in} then {_SUM} else 0 end",
            f"case when {_TOUCHED} and {is_in} then 1 else 0 end", "", (_TOUCHES[group],), _NEEDS,
            warning=NO_EXPERIMENT,
        ),
        Metric(
            f"calls_per_lead_{group}", titles["calls"],
            base, say("calls by people, per lead touched"),
            "ratio", "per_lead", f"case when {_TOUCHED} and {is_in} then human_calls else 0 end",
            f"case when {_TOUCHED} and {is_in} then 1 else 0 end", "", (_CALLS[group],), _NEEDS, warning=NO_EXPERIMENT,
        ),
        _per_lead(group, "emails", "emails", say("e-mails to the customer, automated ones too, per lead touched")),
        _per_lead(group, "texts", "texts", say("text messages to the customer, automated ones too, per lead touched")),
        _per_lead(group, "chat_messages", "chat_lines",
                  say("messages to the customer in a chat, automated ones too, per lead touched")),
    )  # fmt: skip


def _per_lead(group: str, name: str, column: str, tooltip: Words) -> Metric:
    """Messages of one channel, per lead touched."""
    touched = f"{_TOUCHED} and {_IN[group]}"
    return Metric(
        f"{name}_per_lead_{group}", _TITLES[group][name], _TOUCHED_BY[group], tooltip, "ratio", "per_lead",
        f"case when {touched} then {column} else 0 end", f"case when {touched} then 1 else 0 end", "", (), _NEEDS,
        warning=NO_EXPERIMENT,
    )  # fmt: skip


METRICS = (*_of_group("people_only"), *_of_group("some_automation"))
