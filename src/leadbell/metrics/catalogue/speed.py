"""How fast and how often customers are called, and how long the talk is."""

from datetime import timedelta

from leadbell.metrics.figures import (
    REFERENCE_ATTEMPTED,
    REFERENCE_FIRST_ATTEMPT,
    REFERENCE_RESPONSE,
    TARGET_MS,
)
from leadbell.metrics.metric import Metric, Reference
from leadbell.words import say

#: Origins whose lead rings at once; counted where forwarded to somebody and received in opening hours [S0].
FORWARDED = "set_aside is null and rings and in_hours and forwarded"
_FORWARDED = say("leads forwarded in opening hours")
_NEEDS = ("leads.origin", "leads.in_hours", "touches.started_ms")
_MEAN_RESPONSE = Reference(
    REFERENCE_RESPONSE // timedelta(milliseconds=1),
    "S0",
    say("2:10 on average, of 5,247 leads forwarded in opening hours"),
)
_TWO_MINUTES = Reference(TARGET_MS, "S3", say("call within 2 minutes"))
_CONTACT = Reference(
    REFERENCE_FIRST_ATTEMPT, "S0", say("73 %; S0 doesn't say of all leads, or of those attempted")
)
#: So long a visitor waits in a chat [S0].
PATIENCE_MS = 30_000
_CHATS = "set_aside is null and origin = 'chat' and in_hours"
_CHAT_NEEDS = ("leads.origin", "leads.in_hours", "touches.channel", "touches.started_ms")
_PATIENCE = Reference(PATIENCE_MS, "S0", say("visitors leave a chat after 30 seconds without an answer"))

METRICS = (
    Metric(
        "attempted_rate", say("attempted by phone, of leads forwarded in opening hours"), _FORWARDED,
        say("leads with at least one attempt, of leads forwarded in opening hours"),
        "share", "share", "first_attempt_ms is not null", FORWARDED, "more",
        (Reference(REFERENCE_ATTEMPTED, "S0", say("85 % of 5,247 leads forwarded in opening hours")),), _NEEDS,
    ),
    Metric(
        "first_attempt_contact_rate", say("contact at the first attempt, of leads forwarded in opening hours"),
        _FORWARDED,
        say("leads whose first attempt became a conversation, of all leads forwarded in opening hours"),
        "share", "share", "first_contact = 1",
        f"{FORWARDED} and (first_attempt_ms is null or first_contact is not null)", "more", (_CONTACT,),
        (*_NEEDS, "touches.outcome"),
    ),
    Metric(
        "first_attempt_contact_rate_of_attempted", say("contact at the first attempt, of leads attempted"),
        say("leads attempted by phone, of those forwarded in opening hours"),
        say("leads whose first attempt became a conversation, of the leads that were attempted at all"),
        "share", "share", "first_contact = 1", f"{FORWARDED} and first_contact is not null", "more", (_CONTACT,),
        (*_NEEDS, "touches.outcome"),
    ),
    Metric(
        "called_within_2_minutes", say("called within 2 minutes, of leads with a number forwarded in opening hours"),
        say("leads with a phone number forwarded in opening hours, two minutes ago or longer"),
        say("leads whose first attempt began within 2 minutes, of those with a phone number"),
        "share", "share", f"response_ms <= {TARGET_MS}",
        f"{FORWARDED} and by_phone and (first_attempt_ms is not null or received_ms + {TARGET_MS} < as_of)"
        " and odd_response = 0",
        "more", (), _NEEDS,
    ),
    Metric(
        "response_time", say("response time, of leads attempted"),
        say("leads attempted, of those forwarded in opening hours"),
        say("from arrival to the start of the first attempt, in clock time"),
        "measure", "ms", "response_ms", FORWARDED, "less", (_MEAN_RESPONSE, _TWO_MINUTES), _NEEDS,
    ),
    Metric(
        "response_time_open", say("response time in opening hours, of leads attempted"),
        say("leads attempted, whenever they arrived"),
        say("from arrival to the start of the first attempt; only time in which the dealer is open counts"),
        "measure", "ms", "response_open_ms", "set_aside is null and rings and forwarded", "less",
        (_MEAN_RESPONSE, _TWO_MINUTES), ("leads.origin", "touches.started_ms", "touches.open_ms"),
    ),
    Metric(
        "chat_response_time", say("response time in the chat, of chats answered"),
        say("chats begun in opening hours that a person answered"),
        say("from a chat's first line to a person's first answer in it; after 30 seconds most have left"),
        "measure", "ms", "chat_response_ms", _CHATS, "less", (_PATIENCE,), _CHAT_NEEDS,
    ),
    Metric(
        "chats_in_time", say("answered within 30 seconds, of chats"),
        say("chats begun in opening hours, 30 seconds ago or longer"),
        say("chats in which a person answered within 30 seconds, of all chats"),
        "share", "share", f"chat_response_ms <= {PATIENCE_MS}",
        f"{_CHATS} and (chat_response_ms is not null or received_ms + {PATIENCE_MS} < as_of)", "more", (),
        _CHAT_NEEDS,
    ),
    Metric(
        "connect_time", say("connect time, of leads reached"),
        say("leads reached, of those forwarded in opening hours"),
        say("from arrival to the moment customer and salesperson hear each other, in clock time"),
        "measure", "ms", "connect_ms", FORWARDED, "less",
        (Reference(90_000, "S0", say("most appointments are connected within 1:30")),),
        ("leads.origin", "leads.in_hours", "touches.outcome", "touches.connected_ms"),
    ),
    Metric(
        "connect_time_open", say("connect time in opening hours, of leads reached"),
        say("leads reached, whenever they arrived"),
        say("from arrival to the conversation; only time in which the dealer is open counts"),
        "measure", "ms", "connect_open_ms", "set_aside is null and rings and forwarded", "less",
        (Reference(90_000, "S0", say("most appointments are connected within 1:30")),),
        ("leads.origin", "touches.outcome", "touches.connected_open_ms"),
    ),
    Metric(
        "talk_time", say("talk time of the first conversation, of leads reached"), say("leads reached"),
        say("from the moment they hear each other to hang-up, in the first conversation with a customer"),
        "measure", "ms", "talk_ms", "set_aside is null", "",
        (Reference(179_000, "S0", say("2:59 on average; most appointments come from talks of 2:30 to 3:30")),),
        ("touches.outcome", ("touches.talk_ms", "touches.ended_ms")),
    ),
    Metric(
        "three_attempt_rate", say("three attempts or more, of leads never reached"),
        say("leads with a number never reached, their follow-up over"),
        say("leads never reached with at least 3 attempts, of all never reached whose follow-up has ended"),
        "share", "share", "attempts >= 3",
        "set_aside is null and by_phone and conversations = 0"
        " and (ended_ms is not null or received_ms + 3888000000 <= as_of)",
        "more", (Reference(0.2, "S3", say("80 % of salespeople won't make three attempts by themselves")),),
        ("touches.started_ms", "touches.outcome"),
    ),
    Metric(
        "over_prepared", say("over-prepared, of leads attempted"),
        say("leads attempted, of those forwarded in opening hours"),
        say("open on screen for more than 5 minutes before the first attempt, or first attempted after 15 to 30 "
            "minutes while a salesperson was free"),
        "share", "share",
        "first_attempt_ms - opened_ms > 300000 or (response_ms between 900000 and 1800000 and somebody_free)",
        f"{FORWARDED} and response_ms is not null", "less",
        (Reference(0.0, "S3", say("nobody should prepare before the call; 20 minutes is typical of it")),),
        (*_NEEDS, ("leads.opened_ms", "leads.somebody_free")),
    ),
    Metric(
        "hands", say("people the customer dealt with, of leads contacted"), say("leads contacted by a person"),
        say("different people who called or wrote to a customer; one customer, one salesperson"),
        "measure", "people", "hands", "set_aside is null and hands > 0", "less",
        (Reference(1, "S3", say("one customer, one salesperson")),), ("touches.person",),
    ),
    Metric(
        "odd_durations", say("durations that can't be, of all leads"), say("all leads"),
        say("leads with a duration that is negative or absurdly long: it is left out of every mean, the lead is not"),
        "share", "share", "odd_response + odd_connect + odd_talk + odd_sale > 0", "set_aside is null", "less",
        fewest=1,
    ),
)  # fmt: skip
