"""The three tables of the exchange format, made from an export's cells."""

import re
from collections.abc import Iterable

from leadbell.audit import headers, moments, rejected
from leadbell.audit.translating import Translated, Translator, prepare
from leadbell.metrics.catalogue import lost, touching
from leadbell.trouble import Trouble
from leadbell.words import say

_NO_LOG = say("there is no list of calls and messages, only the first attempt")
#: Figures that need every contact, not only the first attempt.
_EVERY_CONTACT = (
    "three_attempt_rate", "hands", "attempts_ladder", *(metric.name for metric in touching.METRICS),
    *(metric.name for metric in lost.METRICS if metric.name.startswith("unlost")),
)  # fmt: skip
_BOTH_WAYS = tuple(metric.name for metric in touching.METRICS)
_SALE_DATES = ("days_to_sale", "days_to_sale_bands", "sale_weekdays", "sale_days_of_month")
#: Who is a machine, where the export has no column for it.
_MACHINE = "^(system|automat.*|auto[- ]?(reply|responder|mail).*|workflow.*|bot|marketing automation|no-?reply.*|робот.*|система)$"
_AUTOMATED = "automat|workflow|auto-?(reply|mail)|sequence"


def translate(translator: Translator, as_of_ms: int | None = None) -> Translated:
    """Make `leads`, `touches` and `visits`; what the export can't say is no column."""
    prepare(translator)
    _leads(translator)
    if "touches" in translator.sheets:
        _touches(translator)
    elif translator.has("leads", "first_attempt") or translator.has("leads", "response"):
        _first_attempts(translator)
    if "visits" in translator.sheets:
        _visits(translator)
    return Translated(as_of_ms or _newest(translator), translator.blocked, translator.notes)


def _leads(tr: Translator) -> None:
    local = tr.local("leads", "received")
    received = tr.utc("leads", "received")
    stage = tr.term("leads", "status") or "null::varchar"
    ref = tr.cell("leads", "lead")
    _ended = tr.utc("leads", "ended")
    known: dict[str, str | None] = {
        "dealer": tr.cell("leads", "dealer"), "salesperson": tr.cell("leads", "salesperson"),
        "origin": f"'{tr.mapping.origin}'" if tr.mapping.origin else tr.term("leads", "origin"),
        "source": tr.cell("leads", "source"), "campaign": tr.cell("leads", "campaign"), "brand": tr.cell("leads", "brand"),
        "set_aside": _set_aside(tr), "by_phone": _phone(tr), "in_hours": tr.flag("leads", "in_hours"),
        "forwarded": tr.flag("leads", "forwarded"), "somebody_free": tr.flag("leads", "somebody_free"),
        "no_shows": _number(tr, "no_shows"), "handed_over_ms": tr.utc("leads", "handed_over"),
        "dropped": tr.flag("leads", "dropped"), "opened_ms": tr.utc("leads", "opened"), "lost_reason": tr.cell("leads", "lost_reason"),
        "cost_cents": tr.money("leads", "cost"), "margin_cents": tr.money("leads", "margin"),
        "quoted_ms": _mark(tr, "quoted"), "booked_ms": _mark(tr, "booked"), "confirmed_ms": _mark(tr, "confirmed"),
        "shown_ms": _mark(tr, "shown"), "sold_ms": _mark(tr, "sold"), "lost_ms": _mark(tr, "lost"), "ended_ms": _ended,
    }  # fmt: skip
    # What a first-attempt column says goes along, to become the lead's one contact.
    first = {
        "x_first_attempt_ms": tr.utc("leads", "first_attempt"),
        "x_response_ms": tr.duration("leads", "response"),
        "x_outcome": tr.term("leads", "first_outcome"),
        "x_connected_ms": tr.utc("leads", "connected"),
        "x_connect_ms": tr.duration("leads", "connect"),
        "x_talk_ms": tr.duration("leads", "talk"),
        "x_opportunity": tr.flag("leads", "opportunity"),
        "x_agreed": tr.term("leads", "agreed"),
    }
    said = {name: sql for name, sql in (known | first).items() if sql is not None}
    cells = ", ".join(f"{sql} as {name}" for name, sql in said.items())
    tr.db.execute(
        f"create table read_leads as select r.rowid as r, {ref or 'cast(r.rowid + 1 as varchar)'} as ref, {local} as received, {received} as received_ms, "
        f"{stage} as stage{', ' + cells if cells else ''} from raw_leads r"
    )
    _refuse_leads(tr, ref is not None)
    _refuse_cells(tr, "leads", said)
    final = _final(tr, said)
    others = ", ".join(
        f"{final.get(name, 'a.' + name)} as {name}" for name in known if name in said or name in final
    )
    rest = "".join(f", a.{name}" for name in first if name in said)
    tr.db.execute(
        f"create table leads_of as select row_number() over (order by a.r) as lead, a.ref, a.received_ms, "
        f"cast(strftime(a.received, '%Y%m%d') as integer) as written_on{', ' + others if others else ''}{rest} "
        "from read_leads a where a.received is not null and not a.again"
    )  # fmt: skip
    _with_days(tr, set(said) | set(final))


def _refuse_leads(tr: Translator, named: bool) -> None:
    """Leads without a date, and leads that stand further up already."""
    tr.db.execute("alter table read_leads add column again boolean default false")
    if named:
        tr.db.execute(
            "update read_leads set again = true where r in (select r from (select r, row_number() over "
            "(partition by ref order by r) as n from read_leads where received is not null and ref is not null) where n > 1)"
        )
    received = tr.cell("leads", "received")
    rejected.refuse(
        tr.db, "leads", f"select a.r, case when a.again then 'again' else {_dateless(received)} end, "
        f"case when a.again then a.ref else {received} end, null from read_leads a join raw_leads r on r.rowid = a.r "
        "where a.received is null or a.again",
    )  # fmt: skip


def _refuse_cells(tr: Translator, table: str, columns: Iterable[str]) -> None:
    """Cells that hold something which can't be read: their rows count without them."""
    fields = {column: re.sub("^x_|_ms$|_cents$", "", column) for column in columns}
    cells = {column: (name, cell) for column, name in fields.items()
             if headers.FIELDS[table].get(name) in ("moment", "duration", "money", "number") and name not in tr.yes_or_no
             and (cell := tr.cell(table, name))}  # fmt: skip
    for column, (name, cell) in cells.items():
        ((filled,), (read,)) = (
            tr.db.execute(f"select count({one}) from {rows} r").fetchone() or (0,)
            for one, rows in ((cell, f"raw_{table}"), (column, f"read_{table}"))
        )
        if read < filled:
            rejected.refuse(
                tr.db, table, f"select t.r, 'cell', {cell}, {_text(tr.mapping.columns[table][name].column)} "
                f"from read_{table} t join raw_{table} r on r.rowid = t.r where {cell} is not null and t.{column} is null",
            )  # fmt: skip


def _dateless(cell: str | None) -> str:
    return f"case when {cell} is null then 'no date' else 'odd date' end"


def _mark(tr: Translator, name: str) -> str | None:
    """Milliseconds of something that happened; where the export only says yes, the lead's own arrival stands for it."""
    cell = tr.cell("leads", name)
    if cell is None:
        return None
    some = [value for (value,) in tr.db.execute(
        f"select distinct {cell} from raw_leads r where {cell} is not null limit 500").fetchall()]  # fmt: skip
    if moments.kind_of(some) is not None or not some:
        return tr.utc("leads", name)
    received = tr.utc("leads", "received")
    tr.yes_or_no.add(name)
    if name == "sold":
        _no_sale_dates(tr)
    return f"case when lower({cell}) in ('yes', 'true', '1', 'ja', 'да', 'y', 'j', 'x') then {received} end"


def _no_sale_dates(tr: Translator) -> None:
    for name in _SALE_DATES:
        tr.blocked[name] = say("it isn't said on which day a car was sold")


def _number(tr: Translator, name: str) -> str | None:
    cell = tr.cell("leads", name)
    return None if cell is None else f"try_cast({cell} as integer)"


def _set_aside(tr: Translator) -> str | None:
    column = tr.term("leads", "set_aside")
    stage = tr.term("leads", "status")
    staged = f"case when {stage} in ('duplicate', 'test') then {stage} end" if stage else None
    if column and staged:
        return f"coalesce({column}, {staged})"
    return column or staged


def _phone(tr: Translator) -> str | None:
    """Whether a number is there; a column of yes and no says it too. The number itself is kept nowhere."""
    cell = tr.cell("leads", "phone")
    if cell is None:
        return None
    return f"coalesce(lower({cell}) not in ('no', 'false', '0', 'nee', 'nein', 'нет', '-'), false)"


def _final(tr: Translator, said: dict[str, str]) -> dict[str, str]:
    """Sold, lost and closed as dates and status say together; a status alone says that it happened, not when."""
    received = "a.received_ms"
    staged, final = tr.has("leads", "status"), {}
    ended = "a.ended_ms" if "ended_ms" in said else "null::bigint"
    if staged:
        if "sold_ms" not in said and "ended_ms" not in said:
            _no_sale_dates(tr)
        sold = "a.sold_ms" if "sold_ms" in said else "null::bigint"
        lost_ms = "a.lost_ms" if "lost_ms" in said else "null::bigint"
        final["sold_ms"] = (
            f"coalesce({sold}, case when a.stage = 'sold' then coalesce({ended}, {received}) end)"
        )
        final["lost_ms"] = f"coalesce({lost_ms}, case when a.stage = 'lost' then {ended} end)"
        closed = f"case when a.stage in ('sold', 'lost') then coalesce({ended}, {received}) end"
        given_up = f"case when a.stage is distinct from 'open' then {lost_ms} end"
        final["ended_ms"] = f"coalesce({sold}, {closed}, {given_up})"
        if "lost_ms" not in said and "ended_ms" not in said:
            del final["lost_ms"]
    elif "ended_ms" not in said and "sold_ms" in said and "lost_ms" in said:
        final["ended_ms"] = "coalesce(a.sold_ms, a.lost_ms)"
    return final


def _with_days(tr: Translator, known: set[str]) -> None:
    """The table `leads`: local days, and what was in opening hours."""
    received_on = "l.written_on" if not tr.changes else tr.local_day("l.received_ms")
    more = [f"{received_on} as received_on"]
    if "sold_ms" in known:
        day = tr.local_day("l.sold_ms")
        more += [
            f"{day} as sold_on",
            f"cast(isodow(strptime(cast({day} as varchar), '%Y%m%d')) as integer) as sold_weekday",
        ]
    hours = ""
    if tr.mapping.hours:
        hours = " asof join openings o on l.received_ms >= o.opens"
        more.append("l.received_ms < o.closes as in_hours")
    left_out = "l.* exclude (written_on" + (", in_hours" if hours and "in_hours" in known else "") + ")"
    tr.db.execute(f"create table leads as select {left_out}, {', '.join(more)} from leads_of l{hours}")


def _opening_time(tr: Translator, moment: str, places: str) -> str:
    """SQL for the opening-hours time from the lead's arrival to a moment, of ASOF-joined openings."""
    until = f"({places}.before + least({moment}, {places}.closes) - {places}.opens)"
    since = "(a.before + least(l.received_ms, a.closes) - a.opens)"
    return f"greatest(0, {until} - {since})"


def _first_attempts(tr: Translator) -> None:
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
    tr.blocked |= dict.fromkeys(_EVERY_CONTACT, _NO_LOG)


def _touches(tr: Translator) -> None:
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
    _refuse_unmatched(tr, "touches", "started")
    _refuse_cells(tr, "touches", columns)
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


def _channel(tr: Translator) -> str:
    if (said := tr.term("touches", "channel")) is not None:
        return said
    tr.notes.append(say("The list of contacts doesn't say the channel; all were read as calls."))
    return "'phone'"


def _direction(tr: Translator) -> str:
    said = tr.term("touches", "direction")
    if said is not None:
        return f"coalesce({said}, 'out')"
    tr.notes.append(
        say("The list of contacts doesn't say who contacted whom; all were read as made by the dealer.")
    )
    for name in _BOTH_WAYS:
        tr.blocked[name] = say("it isn't said who contacted whom")
    cell = tr.cell("touches", "channel")
    if cell is None:
        return "'out'"
    return f"case when regexp_matches(lower({cell}), '^(in\\b|inbound|incoming|входящ|eingehend|inkomend)') then 'in' else 'out' end"


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
    return f"{cell} in ({', '.join(_text(said) for said in some)})" if some else ""


def _text(said: str) -> str:
    return "'" + said.replace("'", "''") + "'"


def _refuse_unmatched(tr: Translator, table: str, moment: str) -> None:
    """Rows without a moment or without a lead; raises Trouble where not one belongs to a lead."""
    ref, cell = tr.cell(table, "lead"), tr.cell(table, moment)
    matched, total = tr.db.execute(f"select count(lead), count(*) from read_{table}").fetchone() or (0, 0)
    if total and not matched:
        (sample,) = tr.db.execute(f"select any_value({ref}) from raw_{table} r").fetchone() or ("",)
        (lead,) = tr.db.execute("select any_value(ref) from leads_of").fetchone() or ("",)
        raise Trouble(
            "%(other)s doesn't belong to %(leads)s: none of its leads (such as “%(sample)s”) is among those of the export "
            "(such as “%(lead)s”).", other=tr.sheets[table].path.name, leads=tr.sheets["leads"].path.name,
            sample=sample or "", lead=lead or "",
        )  # fmt: skip
    rejected.refuse(
        tr.db, table, f"select t.r, case when t.lead is null then 'no lead' else {_dateless(cell)} end, "
        f"case when t.lead is null then {ref} else {cell} end, null from read_{table} t join raw_{table} r on r.rowid = t.r "
        f"where t.lead is null or t.{moment}_ms is null",
    )  # fmt: skip


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


def _visits(tr: Translator) -> None:
    if not tr.has("visits", "lead") or not tr.has("visits", "seen"):
        raise Trouble(
            "%(file)s is no list of visits: no column names the lead or the moment. It has: %(columns)s.",
            file=tr.sheets["visits"].path.name, columns=", ".join(tr.sheets["visits"].columns),
        )  # fmt: skip
    tr.db.execute(
        f"create table read_visits as select r.rowid as r, l.lead, "
        f"{tr.utc('visits', 'seen')} as seen_ms from raw_visits r left join leads_of l on l.ref = {tr.cell('visits', 'lead')}"
    )
    _refuse_unmatched(tr, "visits", "seen")
    tr.db.execute(
        "create view visits as select lead, seen_ms from read_visits where lead is not null and seen_ms is not null"
    )


def _newest(tr: Translator) -> int:
    """The last moment that the export tells of: it is as of then. The clock on the wall doesn't matter."""
    moments_of = ["select max(received_ms) as ms from leads"]
    there = {
        (table, name)
        for table, name in tr.db.execute("select table_name, column_name from duckdb_columns()").fetchall()
    }
    for table, name in (
        ("leads", "sold_ms"),
        ("leads", "lost_ms"),
        ("touches", "started_ms"),
        ("visits", "seen_ms"),
    ):
        if (table, name) in there:
            moments_of.append(f"select max({name}) from {table}")
    (newest,) = tr.db.execute(f"select max(ms) from ({' union all '.join(moments_of)})").fetchone() or (0,)
    return int(newest)
