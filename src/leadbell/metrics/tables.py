"""The exchange format: three plain tables that every figure is made from (docs/exchange-format.md).

Moments are integer milliseconds since 1970 UTC, durations integer milliseconds, so that no engine rounds and none
does time zones: what needs the dealer's clock or opening hours comes as a column. A file may leave columns out;
what needs them "can't be said".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from leadbell.words import Words, say

Type = Literal["BIGINT", "INTEGER", "BOOLEAN", "VARCHAR"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: Type
    #: What stands in it, and what NULL means.
    about: str
    #: Why a figure that needs it can't be said, where the column is not there.
    without: Words
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


LEADS = Table(
    "leads",
    "One row per lead.",
    (
        Column("lead", "BIGINT", "number of the lead, once in the table", say("the leads have no number"), True),
        Column("ref", "VARCHAR", "its name where it comes from, to find it again",
            say("the leads have no name of their own")),
        Column("dealer", "VARCHAR", "the dealer, by name or number", say("it isn't said which dealer got the lead")),
        Column("salesperson", "VARCHAR", "who has the lead now; NULL: nobody",
            say("it isn't said who has the lead")),
        Column("origin", "VARCHAR", "online, call, chat, walk_in, direct_mail or lost_sale; whoever knows that all "
            "leads of a file are online leads says so in every row", say("it isn't said how the customer came")),
        Column("source", "VARCHAR", "the portal, site or number", say("it isn't said where the lead came from")),
        Column("campaign", "VARCHAR", "the campaign", say("it isn't said which campaign brought the lead")),
        Column("channel", "VARCHAR", "the format it arrived in: adf, meta, mail …",
            say("it isn't said over which channel the lead came")),
        Column("brand", "VARCHAR", "of the car asked for", say("it isn't said which brand was asked for")),
        Column("set_aside", "VARCHAR", "NULL: counts. duplicate, merged (into another customer's lead), quarantined "
            "or test: counted as set aside, and in no figure", say("duplicates aren't marked")),
        Column("received_ms", "BIGINT", "when it arrived", say("it isn't said when the lead arrived"), True),
        Column("received_on", "INTEGER", "the dealer's local day of arrival as 20261123",
            say("it isn't said on which local day the lead arrived"), True),
        Column("in_hours", "BOOLEAN", "arrived in opening hours; NULL: can't be said, and the lead is in no figure "
            "about opening hours", say("the opening hours aren't known")),
        Column("by_phone", "BOOLEAN", "has a number to call; NULL counts as yes",
            say("it isn't said who left a phone number")),
        Column("forwarded", "BOOLEAN", "rang at or was given to somebody; NULL counts as yes",
            say("it isn't said which leads were forwarded")),
        Column("somebody_free", "BOOLEAN", "when it arrived some salesperson was free; NULL: not known",
            say("it isn't known who was free when the lead arrived")),
        Column("opened_ms", "BIGINT", "first opened on a screen; NULL: never",
            say("it isn't recorded when a lead is opened on screen")),
        Column("quoted_ms", "BIGINT", "first quote; NULL: none", say("quotes aren't recorded")),
        Column("booked_ms", "BIGINT", "when the first appointment was agreed; NULL: none, or cancelled and not made "
            "again (a missed one was made)", say("appointments aren't recorded")),
        Column("confirmed_ms", "BIGINT", "first personal confirmation by a salesperson; NULL: none",
            say("confirmations aren't recorded")),
        Column("shown_ms", "BIGINT", "the customer came; NULL: didn't", say("it isn't recorded who came")),
        Column("no_shows", "INTEGER", "appointments missed", say("missed appointments aren't recorded")),
        Column("handed_over_ms", "BIGINT", "a BDC agent had qualified it (appointment or quote) and a salesperson got "
            "it; NULL: no such handover", say("handovers from BDC to salesperson aren't recorded")),
        Column("dropped", "BOOLEAN", "after the handover: dropped at the first contact with the salesperson; NULL: "
            "not known (yet)", say("it isn't recorded what became of it at the first contact with the salesperson")),
        Column("bdc_agent", "VARCHAR", "who handed it over; NULL: no such handover",
            say("it isn't said who handed leads over")),
        Column("received_by", "VARCHAR", "who took it over first; NULL: nobody yet, or no such handover",
            say("it isn't said who took leads over")),
        Column("sold_ms", "BIGINT", "sold; NULL: not sold", say("sales aren't recorded")),
        Column("sold_on", "INTEGER", "the dealer's local day of the sale as 20261123",
            say("it isn't said on which day a car was sold")),
        Column("sold_weekday", "INTEGER", "of that day, 1 Monday … 7 Sunday",
            say("it isn't said on which weekday a car was sold")),
        Column("lost_ms", "BIGINT", "given up for the first time, also where it came back; NULL: never",
            say("it isn't said when a lead was lost")),
        Column("lost_reason", "VARCHAR", "why it was lost last", say("it isn't said why a lead was lost")),
        Column("ended_ms", "BIGINT", "closed, as sold or lost; NULL: open",
            say("it isn't said which leads are closed")),
        Column("cost_cents", "BIGINT", "what the lead cost, in cents", say("it isn't said what a lead cost")),
        Column("margin_cents", "BIGINT", "margin of the sale, in cents", say("it isn't said what a sale earned")),
    ),
)  # fmt: skip

TOUCHES = Table(
    "touches",
    "One row per contact towards or from the customer. A call counts as a touch whether or not somebody answers.",
    (
        Column("lead", "BIGINT", "the lead it belongs to", say("contacts can't be joined to leads"), True),
        Column("nr", "INTEGER", "order within the lead, where two begin in the same millisecond",
            say("contacts have no order"), True),
        Column("started_ms", "BIGINT", "when it began, was sent or came in; of a call: when it was dialled",
            say("it isn't said when somebody called"), True),
        Column("connected_ms", "BIGINT", "customer and salesperson hear each other; NULL: not heard",
            say("it isn't said when the customer answered")),
        Column("ended_ms", "BIGINT", "hang-up", say("it isn't said when a call ended")),
        Column("talk_ms", "BIGINT", "from connected to hang-up; NULL: ended_ms - connected_ms where both are there",
            say("it isn't said how long they talked")),
        Column("open_ms", "BIGINT", "opening-hours time from the lead's arrival to started_ms",
            say("the opening hours aren't known")),
        Column("connected_open_ms", "BIGINT", "opening-hours time from the lead's arrival to connected_ms",
            say("the opening hours aren't known")),
        Column("channel", "VARCHAR", "phone, email, sms, chat, video, or form (the customer asked again)",
            say("it isn't said over which channel a contact was"), True),
        Column("direction", "VARCHAR", "out: towards the customer; in: from the customer",
            say("it isn't said who contacted whom"), True),
        Column("made_by", "VARCHAR", "human or automation; what comes in is human",
            say("automated and human contacts can't be told apart"), True),
        Column("person", "VARCHAR", "the salesperson; NULL: automation, or not known",
            say("it isn't said who made a contact")),
        Column("outcome", "VARCHAR", "of a call: conversation, voicemail, no_answer, busy, wrong_number, unreachable; "
            "NULL: not known; of messages always NULL", say("it isn't said how a call ended")),
        Column("opportunity", "BOOLEAN", "of a conversation that was listened to: was it a real chance? "
            "NULL: not reviewed", say("conversations aren't reviewed")),
        Column("agreed", "VARCHAR", "in this conversation: appointment, quote, call_back or nothing; NULL: not known",
            say("it isn't said what was agreed in a conversation")),
    ),
)  # fmt: skip

VISITS = Table(
    "visits",
    "One row per visit of a lead's customer to the dealer's website, at any time; several rows per visit do no harm.",
    (
        Column(
            "lead", "BIGINT", "the lead whose customer it was", say("visits can't be joined to leads"), True
        ),
        Column("seen_ms", "BIGINT", "when", say("visits to the website aren't recorded"), True),
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in (LEADS, TOUCHES, VISITS)}

#: A file of leads alone is enough; without the others what needs them can't be said.
NO_TOUCHES = say("there is no list of calls and messages")
NO_VISITS = say("there are no visits to the website")


def day_number(day: date) -> int:
    """A local day as the tables write it: 20261123."""
    return 10_000 * day.year + 100 * day.month + day.day


def missing(table: Table, found: Iterable[str]) -> tuple[Column, ...]:
    """Columns of the table that aren't among those found."""
    there = set(found)
    return tuple(column for column in table.columns if column.name not in there)


def why_not(column: str) -> Words:
    """Why a figure that needs this column (`leads.sold_ms`) can't be said without it."""
    table, _, name = column.partition(".")
    return next(one.without for one in TABLES[table].columns if one.name == name)
