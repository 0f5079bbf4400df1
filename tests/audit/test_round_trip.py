"""Leads written in any dialect are read back as they were, or told with their line: never silently changed."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell.audit.study import Asked, reading

#: Header, what a sale, a loss and an open lead are called.
LANGUAGES = {
    "en": (("Lead ID", "Created Date", "Lead Source", "Lead Owner", "Status", "First Attempt", "Lead Cost"),
           ("Sold", "Lost", "Open")),
    "nl": (("Leadnummer", "Aanmaakdatum", "Bron", "Verkoper", "Status", "Eerste belpoging", "Leadkosten"),
           ("Verkocht", "Verloren", "In behandeling")),
    "de": (("Vorgangsnummer", "Eingangsdatum", "Quelle", "Verkäufer", "Status", "Erster Anruf", "Kosten"),
           ("Verkauft", "Verloren", "In Bearbeitung")),
    "ru": (("ID сделки", "Дата создания", "Источник", "Ответственный", "Стадия", "Первый звонок", "Стоимость лида"),
           ("Успешно реализовано", "Закрыто и не реализовано", "В работе")),
}  # fmt: skip
MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%y %H:%M:%S",
           "%m/%d/%Y %I:%M:%S %p", "%d %B %Y %H:%M:%S")  # fmt: skip
START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Lead:
    received: datetime
    state: int
    owner: str
    after: timedelta | None
    cents: int


@dataclass(frozen=True)
class Dialect:
    language: str
    separator: str
    encoding: str
    ends: str
    moment: str
    #: Thousands and decimals.
    money: tuple[str, str]
    title: int
    quoting: Any

    def text(self, leads: list[Lead], spoiled: dict[int, str]) -> str:
        header, states = LANGUAGES[self.language]
        file = io.StringIO(newline="")
        out = csv.writer(file, delimiter=self.separator, lineterminator=self.ends, quoting=self.quoting)
        for n in range(self.title):
            out.writerow([f"Export {n}"] + [""] * (len(header) - 1))
        out.writerow(header)
        for n, lead in enumerate(leads):
            first = "" if lead.after is None else (lead.received + lead.after).strftime(self.moment)
            row = [f"L{n}", lead.received.strftime(self.moment), "Website", self.owner(lead), states[lead.state], first,
                   self.amount(lead.cents)]  # fmt: skip
            if spoiled.get(n) == "date":
                row[1] = "soon"
            out.writerow(row[:-2] if spoiled.get(n) == "short" else row)
        return file.getvalue()

    def owner(self, lead: Lead) -> str:
        return NAMES.get(self.encoding, "Zoë Петров 日本") + lead.owner.rstrip(" ")

    def amount(self, cents: int) -> str:
        whole, part = divmod(cents, 100)
        return f"{whole:,}".replace(",", self.money[0]) + self.money[1] + f"{part:02d}"


#: Of each encoding what the others haven't.
NAMES = {"cp1252": "Zoë Müller", "cp1251": "Игорь Петров"}
DIALECTS = st.builds(
    Dialect, st.sampled_from(sorted(LANGUAGES)), st.sampled_from(",;\t|"),
    st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "cp1251")), st.sampled_from(("\n", "\r\n")),
    st.sampled_from(MOMENTS), st.sampled_from((("", "."), ("", ","), (".", ","), (",", "."), ("\u00a0", ","))),
    st.integers(0, 3), st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
).filter(
    lambda one: (one.language, one.encoding) not in {("ru", "cp1252"), ("de", "cp1251")}
)  # fmt: skip
LEADS = st.lists(
    st.builds(
        Lead, st.integers(0, 200 * 86_400).map(lambda s: START + timedelta(seconds=s)), st.integers(0, 2),
        st.text("abcRS ,;|\t\"'\n-=+@", max_size=12),
        st.none() | st.integers(0, 400_000).map(lambda s: timedelta(seconds=s)), st.integers(0, 300_000_00),
    ),
    min_size=3, max_size=25,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    leads=LEADS,
    dialect=DIALECTS,
    spoiled=st.dictionaries(st.integers(0, 24), st.sampled_from(("date", "short"))),
)
def test_leads_come_back_as_they_were_or_are_told(
    tmp_path_factory: pytest.TempPathFactory, leads: list[Lead], dialect: Dialect, spoiled: dict[int, str]
) -> None:
    spoiled = {n: how for n, how in spoiled.items() if n < len(leads) and len(spoiled) * 3 < len(leads)}
    text = dialect.text(leads, spoiled)
    path = tmp_path_factory.mktemp("dialect") / "export.csv"
    path.write_bytes(text.encode(dialect.encoding))
    with reading(Asked([path])) as found:
        rows = found.db.execute(
            "select ref, received_ms, salesperson, stage, cost_cents from "
            "(select *, case when sold_ms is not null then 0 when ended_ms is not null then 1 else 2 end as stage "
            "from leads) order by lead"
        ).fetchall()
        called = dict(found.db.execute(
            "select l.ref, t.started_ms from touches t join leads l using (lead)").fetchall())  # fmt: skip
        lines = [(one.line, "no date" in str(one.because)) for one in found.beside["leads"].first]
    kept = {f"L{n}": lead for n, lead in enumerate(leads) if n not in spoiled}
    assert rows == [
        (ref, ms(one.received), dialect.owner(one), one.state, one.cents) for ref, one in kept.items()
    ]
    assert called == {ref: ms(one.received + one.after) for ref, one in kept.items() if one.after is not None}
    begins = [text.count("\n", 0, place) + 1 for place in starts(text, dialect)]
    assert lines == [(begins[n], how == "date") for n, how in sorted(spoiled.items())]


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def starts(text: str, dialect: Dialect) -> list[int]:
    """Where each lead begins in the text."""
    quote = '"' if dialect.quoting == csv.QUOTE_ALL else ""
    found, place = [], 0
    for n in range(10_000):
        place = text.find(f"\n{quote}L{n}{quote}{dialect.separator}", place)
        if place < 0:
            return found
        place += 1
        found.append(place)
    return found
