"""`leadbell audit` and the Reports pages of the demo tell the same story, number by number.

What is audited is the demo's own history, exported as the committed example is (tests/audit/example.py).
"""

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from leadbell.audit.page import page
from leadbell.audit.reader import reader
from leadbell.audit.sentences import percent, ripe
from leadbell.audit.study import Asked, Study, study
from leadbell.dealers.models import Organisation, Person
from leadbell.demo import actions
from leadbell.lead.models import Lead
from leadbell.metrics.metric import Metric
from leadbell.metrics.reports.report import SECTIONS
from leadbell.metrics.reports.verdict import Verdict, headline
from leadbell.metrics.rows.exchange import Rows, ms, rows_of
from leadbell.metrics.rows.keeping import journals, keep_some, note_stale
from leadbell.words import Words
from tests.audit.example import DAYS, SEED, exported, visits_of
from tests.demo.conftest import NOW

pytestmark = pytest.mark.slow

#: All of its days, whatever day it is.
DAYS_ASKED = "period=days&from=2026-09-01&to=2026-11-30"
Sign = Callable[[Person], Client]


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        try:
            actions.furnish(NOW, days=DAYS.days, seed=SEED)
            note_stale()
            while keep_some():
                pass
            yield
        finally:
            actions.clear()


@pytest.fixture(autouse=True)
def demo(furnished: None, db: None) -> None:
    pass


@pytest.fixture
def rows() -> Rows:
    """What the demo's journal is in the exchange format."""
    leads = dict(Lead.objects.values_list("pk", "dealer_id"))
    dealers = dict(Organisation.objects.values_list("pk", "name"))
    people = dict(Person.objects.values_list("pk", "name"))
    return rows_of(journals(leads, dealers, people))


@pytest.fixture
def ivan() -> Person:
    """Somebody at the importer, who sees every dealer."""
    return Person.objects.filter(organisation__kind="importer")[0]


def said(words: Words) -> str:
    return words.text % words.values if words.values else words.text


def text(answer: Any) -> str:
    """What a page says, without its markup."""
    assert answer.status_code == 200
    return plain(answer.content.decode())


def plain(markup: str) -> str:
    bare = re.sub(r"<[^>]+>", " ", markup)
    return " ".join(html.unescape(bare).replace(",", "").split())


def in_page(metric: Metric, numerator: int, denominator: int) -> str:
    base = " ".join(said(metric.base).replace(",", "").split())
    if metric.shape == "measure":
        return f"mean of {denominator}: {base}"
    return f"{numerator} of {denominator} {base}"


@pytest.fixture
def export(rows: Rows, tmp_path: Path) -> Path:
    """The folder with what a CRM would export of it."""
    files = zip(("leads.csv", "contacts.csv"), exported(rows), strict=True)
    for name, said_there in (*files, ("visits.csv", visits_of(rows))):
        (tmp_path / name).write_text(said_there, "utf-8")
    return tmp_path


def audited(export: Path, at: datetime) -> Study:
    files = (export / name for name in ("contacts.csv", "visits.csv"))
    return study(Asked([export / "leads.csv"], *files, as_of_ms=ms(at), zone="Europe/Amsterdam"))


def test_the_pages_say_what_the_audit_says(ivan: Person, export: Path, signed_in: Sign) -> None:
    client = signed_in(ivan)
    for _ in range(3):
        before = audited(export, datetime.now(UTC))
        verdict = text(client.get(f"/verdict/?{DAYS_ASKED}"))
        reports = {
            one.name: text(client.get(f"/reports/?section={one.name}&{DAYS_ASKED}")) for one in SECTIONS
        }
        after = audited(export, datetime.now(UTC))
        # A lead may become 45 days old in between; then everything is asked again.
        if before.answers == after.answers:
            break
    assert isinstance(before.verdict, Verdict)
    for expected in on_the_verdict_page(before, before.verdict):
        assert expected.replace(",", "") in verdict
    given = {one.metric.name: one for one in before.answers.given}
    shown = {name: section.name for section in SECTIONS for name in section.figures if name in given}
    assert len(shown) > 35
    for name, section in shown.items():
        one = given[name]
        assert in_page(one.metric, one.numerator, one.denominator) in reports[section], name


def on_the_verdict_page(found: Study, verdict: Verdict) -> Iterator[str]:
    """Headline, reason, every step of the way, and what to change on Monday."""
    yield from (said(part) for part in headline(verdict) if part is not None)
    yield f"{said(verdict.because)} {said(ripe(verdict))}"
    for step in verdict.funnel[1:]:
        assert step.share is not None
        yield f"{said(step.title)} {step.leads} {percent(step.share)} of the {step.of} before"
    assert found.advice
    for one in found.advice:
        yield f"{said(one.do)} {said(one.because)}"


def test_the_audits_own_page_says_what_the_verdict_page_says(export: Path) -> None:
    found = audited(export, NOW)
    assert isinstance(found.verdict, Verdict)
    told = plain(page(found, reader("en"), "en"))
    for one in found.advice:
        assert f"{said(one.do)} {said(one.because)}".replace(",", "") in told
    for part in headline(found.verdict):
        if part is not None:
            assert said(part).replace(",", "") in told
