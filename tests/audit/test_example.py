"""The example tells what the demo tells: the same history gives the same figures, as export and as journal."""

import duckdb
import pytest

from leadbell.audit.study import Asked, Study, study
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines.duck import Duck
from leadbell.metrics.reports.verdict import Verdict, process_verdict
from leadbell.metrics.rows.exchange import CANT_SAY, Rows, ms
from leadbell.metrics.rows.parquet import add, create
from tests.audit.example import EXAMPLES, exported, history
from tests.demo.conftest import NOW

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows() -> Rows:
    return history()


@pytest.fixture(scope="module")
def audited() -> Study:
    return study(
        Asked([EXAMPLES / "crm-export.csv"], touches=EXAMPLES / "crm-activities.csv", as_of_ms=ms(NOW))
    )


def test_the_committed_export_is_what_the_demo_tells(rows: Rows) -> None:
    leads, touches = exported(rows)
    assert (EXAMPLES / "crm-export.csv").read_text("utf-8") == leads
    assert (EXAMPLES / "crm-activities.csv").read_text("utf-8") == touches


def test_the_audit_says_the_same_numbers_as_the_journal(rows: Rows, audited: Study) -> None:
    connection = duckdb.connect()
    create(connection, CANT_SAY)
    add(connection, rows)
    journal = Duck(connection, CANT_SAY)
    told = ask(journal, METRICS.values(), ms(NOW))
    ours = {one.metric.name: one for one in told.given}
    assert audited.rejected == 0
    assert len(audited.answers.given) > 25
    for one in audited.answers.given:
        assert one == ours[one.metric.name]
    verdict = process_verdict(journal, ms(NOW))
    assert isinstance(verdict, Verdict)
    assert audited.verdict == verdict


def test_what_the_export_leaves_out_is_only_what_no_crm_says(audited: Study) -> None:
    """The example's dealers neither text nor chat; of a channel that never occurs nothing is said."""
    never = {
        "reengagement_rate_{}_sms",
        "reengagement_rate_{}_chat",
        "texts_per_lead_{}",
        "chat_messages_per_lead_{}",
    }
    assert {one.metric.name for one in audited.answers.unsupported} == {
        name.format(group) for name in never for group in ("people_only", "some_automation")
    } | {
        "appointment_rate", "appointment_rate_of_reviewed", "cost_per_lead", "margin_per_sale", "response_time_open",
        "connect_time_open", "unlost_rate_7", "unlost_rate_14", "unlost_rate_21",
    }  # fmt: skip
