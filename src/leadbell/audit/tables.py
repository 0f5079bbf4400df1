"""The three tables of the exchange format, made from an export's cells."""

from leadbell.audit import contacts, moments, rejected
from leadbell.audit.translating import Translated, Translator, prepare
from leadbell.trouble import Trouble
from leadbell.words import say

_SALE_DATES = ("days_to_sale", "days_to_sale_bands", "sale_weekdays", "sale_days_of_month")


def translate(translator: Translator, as_of_ms: int | None = None) -> Translated:
    """Make `leads`, `touches` and `visits`; what the export can't say is no column."""
    prepare(translator)
    _leads(translator)
    if "touches" in translator.sheets:
        contacts.touches(translator)
    elif translator.has("leads", "first_attempt") or translator.has("leads", "response"):
        contacts.first_attempts(translator)
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
        "set_aside": _set_aside(tr), "by_phone": _phone(tr), "in_hours": _in_hours(tr),
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
    rejected.refuse_cells(tr, "leads", said)
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
        tr.db, "leads", f"select a.r, case when a.again then 'again' else {rejected.dateless(received)} end, "
        f"case when a.again then a.ref else {received} end, null from read_leads a join raw_leads r on r.rowid = a.r "
        "where a.received is null or a.again",
    )  # fmt: skip


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


def _in_hours(tr: Translator) -> str | None:
    """Said by the export, or the opposite of what it says of after hours."""
    said = tr.flag("leads", "in_hours")
    if said is None and (after := tr.flag("leads", "after_hours")) is not None:
        return f"not ({after})"
    return said


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
    rejected.refuse_unmatched(tr, "visits", "seen")
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
