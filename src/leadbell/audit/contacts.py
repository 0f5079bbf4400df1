"""The table `touches` of the exchange format, made from a list of contacts, or from what the leads say of the first."""

import re

from leadbell.audit import headers, rejected
from leadbell.audit.translating import Translator, literal
from leadbell.metrics.catalogue import lost, touching
from leadbell.trouble import Trouble
from leadbell.words import say

_NO_LOG = say("there is no list of calls and messages, only the first attempt")
#: Figures that need every contact, not only the first attempt.
_EVERY_CONTACT = (
    "three_attempt_rate", "hands", "attempts_ladder", *(metric.name for metric in touching.METRICS),
    *(metric.name for metric in lost.METRICS if metric.name.startswith("unlost")),
)  # fmt: skip
_NONE_OF = {
    "sms": say("the list of contacts holds no text messages"), "chat": say("the list of contacts holds no chats"),
}  # fmt: skip
_COUNTED = {"sms": "texts", "chat": "chat_messages"}
_BOTH_WAYS = tuple(metric.name for metric in touching.METRICS)
#: Who is a machine, where the export has no column for it.
_MACHINE = "^(system|automat.*|auto[- ]?(reply|responder|mail).*|workflow.*|bot|marketing automation|no-?reply.*|робот.*|система)$"
#: “Incoming call” and “Outgoing call”, where the kind of contact says it.
_CAME_IN = r"^(in\b|inbound|incoming|received|входящ|eingehend|eingegang|inkomend|ingekomen|ontvangen)"
_WENT_OUT = r"^(out\b|outbound|outgoing|sent|исходящ|ausgehend|ausgegang|uitgaand|verzonden)"
#: Headers of a first contact of any kind, and of a call.
_SOME_CONTACT = (
    "contact|respon|engagement|outreach|activity|reacti|reaktion|erstkontakt|antwort|контакт|ответ|реакц"
)
_A_CALL = "call|phone|bel|anruf|звон"
_AUTOMATED = "automat|workflow|auto-?(reply|mail)|sequence"


def first_attempts(tr: Translator) -> None:
    """One contact per lead that was attempted, from the leads' own columns."""
    there = {name for (name,) in tr.db.execute(
        "select column_name from duckdb_columns() where table_name = 'leads_of'").fetchall()}  # fmt: skip
    started = " , ".join(
        sql
        for name, sql in (
            ("x_first_attempt_ms", "l.x_first_attempt_ms"),
            ("x_response_ms", "l.received_ms + l.x_response_ms"),
        )
        if name in there
    )
    columns = {"channel": "'phone'", "direction": "'out'", "made_by": "'human'"}
    connected = [sql for name, sql in (("x_connected_ms", "l.x_connected_ms"), ("x_connect_ms", "l.received_ms + l.x_connect_ms"))
                 if name in there]  # fmt: skip
    if connected:
        columns["connected_ms"] = f"coalesce({', '.join(connected)})"
    if "x_outcome" in there:
        columns["outcome"] = "l.x_outcome"
    elif connected:
        columns["outcome"] = f"case when {columns['connected_ms']} is not null then 'conversation' end"
        for name in ("first_attempt_contact_rate", "first_attempt_contact_rate_of_attempted"):
            tr.blocked[name] = say("it isn't said how the first call ended")
    for name in ("talk_ms", "opportunity", "agreed"):
        if f"x_{name}" in there:
            columns[name] = f"l.x_{name}"
    cells = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    tr.db.execute(
        f"create table contacts as select l.lead, 1 as nr, coalesce({started}) as started_ms, {cells} from leads_of l "
        f"where coalesce({started}) is not null"
    )
    _open_times(tr, "connected_ms" in columns)
    _say_how(tr)
    tr.blocked |= dict.fromkeys(_EVERY_CONTACT, _NO_LOG)


def _say_how(tr: Translator) -> None:
    """A first contact of some kind stands for the first call; whoever reads the figures is told."""
    found = tr.mapping.columns["leads"]
    column = (found.get("first_attempt") or found["response"]).column
    if re.search(_SOME_CONTACT, headers.plain(column)) and not re.search(_A_CALL, headers.plain(column)):
        tr.notes.append(
            say("“%(column)s” doesn't say whether it was a call or a message; it was read as the first call.", column=column)
        )  # fmt: skip


def touches(tr: Translator) -> None:
    """All contacts of the list; raises Trouble where it names no lead or no moment."""
    if not tr.has("touches", "lead") or not tr.has("touches", "started"):
        raise Trouble(
            "%(file)s is no list of contacts: no column names the lead or the moment. It has: %(columns)s.",
            file=tr.sheets["touches"].path.name, columns=", ".join(tr.sheets["touches"].columns),
        )  # fmt: skip
    columns = {"channel": _channel(tr), "direction": _direction(tr), "made_by": _made_by(tr)}
    optional = {
        "person": tr.cell("touches", "person"), "outcome": tr.term("touches", "outcome"),
        "connected_ms": tr.utc("touches", "connected"), "ended_ms": tr.utc("touches", "ended"),
        "talk_ms": tr.duration("touches", "talk"), "opportunity": tr.flag("touches", "opportunity"),
        "agreed": tr.term("touches", "agreed"),
    }  # fmt: skip
    columns |= {name: sql for name, sql in optional.items() if sql is not None}
    if "connected_ms" not in columns and {"ended_ms", "talk_ms"} <= set(columns):
        columns["connected_ms"] = (
            f"case when {columns['talk_ms']} > 0 then {columns['ended_ms']} - {columns['talk_ms']} end"
        )
    cells = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    ref = tr.cell("touches", "lead")
    tr.db.execute(
        f"create table read_touches as select r.rowid as r, l.lead, {tr.utc('touches', 'started')} as started_ms, {cells} "
        f"from raw_touches r left join leads_of l on l.ref = {ref}"
    )
    rejected.refuse_unmatched(tr, "touches", "started")
    rejected.refuse_cells(tr, "touches", columns)
    names = ", ".join(f"t.{name}" for name in columns if name not in ("outcome", "made_by"))
    made = "case when t.direction = 'in' then 'human' else t.made_by end as made_by"
    ended = ", case when t.channel = 'phone' then t.outcome end as outcome" if "outcome" in columns else ""
    tr.db.execute(
        f"create view contacts as select t.lead, cast(t.r + 1 as integer) as nr, t.started_ms, {names}, {made}{ended} "
        "from read_touches t where t.lead is not null and t.started_ms is not null and t.channel is not null"
    )
    (skipped,) = tr.db.execute("select count(*) from read_touches where channel is null").fetchone() or (0,)
    if skipped:
        tr.notes.append(
            say(
                "%(count)s rows of the list of contacts are no calls or messages and count for nothing.",
                count=skipped,
            )
        )
    _open_times(tr, "connected_ms" in columns)
    _block_unused(tr)


def _block_unused(tr: Translator) -> None:
    """Nothing is said of a channel that the list never names: it may have been left out."""
    used = {said for (said,) in tr.db.execute("select distinct channel from read_touches").fetchall()}
    for channel, because in _NONE_OF.items():
        if channel not in used:
            for group in touching.GROUPS:
                for name in (f"reengagement_rate_{group}_{channel}", f"{_COUNTED[channel]}_per_lead_{group}"):
                    tr.blocked.setdefault(name, because)


def _channel(tr: Translator) -> str:
    if (said := tr.term("touches", "channel")) is not None:
        return said
    tr.notes.append(say("The list of contacts doesn't say the channel; all were read as calls."))
    return "'phone'"


def _direction(tr: Translator) -> str:
    said = tr.term("touches", "direction")
    if said is not None:
        return f"coalesce({said}, 'out')"
    cell = tr.cell("touches", "channel")
    came, went = (
        f"regexp_matches(lower({cell}), '{like}')" if cell else "false" for like in (_CAME_IN, _WENT_OUT)
    )
    some, every = tr.db.execute(
        f"select bool_or({came}), bool_and({came} or {went}) from raw_touches r"
    ).fetchone() or (False, False)
    if not some:
        tr.notes.append(
            say("The list of contacts doesn't say who contacted whom; all were read as made by the dealer.")
        )
    if not (some and every):
        for name in _BOTH_WAYS:
            tr.blocked[name] = say("it isn't said who contacted whom")
    return f"case when {came} then 'in' else 'out' end"


def _made_by(tr: Translator) -> str:
    said = tr.term("touches", "made_by")
    if said is not None:
        return f"coalesce({said}, 'human')"
    signs = [_machines(tr, name, like) for name, like in (("person", _MACHINE), ("channel", _AUTOMATED))]
    machine = " or ".join(sign for sign in signs if sign)
    if not machine:
        for name in _BOTH_WAYS:
            tr.blocked.setdefault(name, say("automated and human contacts can't be told apart"))
        return "'human'"
    return f"case when {machine} then 'automation' else 'human' end"


def _machines(tr: Translator, name: str, like: str) -> str:
    """SQL for a cell that names a machine, each of its values looked at once; empty where none does."""
    cell = tr.cell("touches", name)
    if cell is None:
        return ""
    some = [said for (said,) in tr.db.execute(
        f"with said as materialized (select distinct {cell} as one from raw_touches r) "
        f"select one from said where regexp_matches(lower(one), '{like}') order by one limit 1000").fetchall()]  # fmt: skip
    return f"{cell} in ({', '.join(literal(said) for said in some)})" if some else ""


def _open_times(tr: Translator, connected: bool) -> None:
    """The table `touches`, with opening-hours time where the hours are known."""
    if not tr.mapping.hours:
        tr.db.execute("create view touches as select * from contacts")
        return
    more, joins = (
        [f"{_opening_time(tr, 't.started_ms', 's')} as open_ms"],
        " asof join openings s on t.started_ms >= s.opens",
    )
    if connected:
        again = _opening_time(tr, "t.connected_ms", "c")
        more.append(f"case when t.connected_ms is not null then {again} end as connected_open_ms")
        joins += " asof join openings c on coalesce(t.connected_ms, t.started_ms) >= c.opens"
    tr.db.execute(
        f"create table touches as select t.*, {', '.join(more)} from contacts t join leads_of l on l.lead = t.lead"
        f"{joins} asof join openings a on l.received_ms >= a.opens"
    )


def _opening_time(tr: Translator, moment: str, places: str) -> str:
    """SQL for the opening-hours time from the lead's arrival to a moment, of ASOF-joined openings."""
    until = f"({places}.before + least({moment}, {places}.closes) - {places}.opens)"
    since = "(a.before + least(l.received_ms, a.closes) - a.opens)"
    return f"greatest(0, {until} - {since})"
