"""The list of leads: found by what somebody remembers, and a link keeps its filters."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.lead.finding import ON_A_PAGE
from leadbell.lead.journal import plan
from leadbell.lead.models import Handle, Lead
from leadbell.ring import actions as ring
from leadbell.sale import actions as sale
from leadbell.words import say
from tests.conftest import lead_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def desk(signed_in, rosa):
    return signed_in(rosa)


def known(lead):
    """The customer can be recognised by phone and e-mail, as the intake does it."""
    for kind, value in (("phone", lead.customer.phone), ("email", lead.customer.email)):
        if value:
            Handle.objects.get_or_create(
                dealer=lead.dealer, kind=kind, value=value, defaults={"customer": lead.customer}
            )
    return lead


def listed(client, query="", **about):
    answer = client.get(f"/leads/{query}", **about)
    assert answer.status_code == 200
    return answer.content.decode()


def test_no_leads_yet(desk):
    assert "No open leads" in listed(desk)


def test_each_row_says_where_it_stands_and_what_comes_next(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    ring.take(lead, rosa.pk, now)
    plan(lead, "call", say("new: call now"), at=now - timedelta(minutes=3), wake_at=None, whom=rosa.pk)
    page = listed(desk)
    for part in (
        "Mr Okafor",
        "Kona",
        "accepted",
        "Rosa",
        "online",
        "Rosa calls:",
        "new: call now",
        f"#{lead.pk}",
    ):
        assert part in page
    assert 'class="late' in page


@pytest.fixture
def many(northside, rosa, now):
    """One open, one lost, one sold; a walk-in; a lead of last year."""
    leads = {
        "open": known(lead_of(northside, "Mr Okafor", now, "+31611111111", "okafor@example.org")),
        "lost": known(lead_of(northside, "Ms Lindqvist", now, "+31622222222", "lind@example.org")),
        "sold": known(lead_of(northside, "Mr de Wit", now, "+31633333333", "wit@example.org")),
        "walk_in": known(lead_of(northside, "Зоя Петрова", now, "+31644444444", None, origin="walk_in")),
        "old": known(
            lead_of(northside, "Mrs Ålund", now - timedelta(days=400), "+31655555555", "al@example.org")
        ),
    }
    ring.take(leads["open"], rosa.pk, now)
    sale.lose(leads["lost"], rosa.pk, "price", now)
    sale.sell(leads["sold"], rosa.pk, now)
    return leads


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"open", "walk_in"}),
        ("?state=", {"open", "lost", "sold", "walk_in"}),
        ("?state=lost", {"lost"}),
        ("?state=nonsense&period=all", {"open", "lost", "sold", "walk_in", "old"}),
        ("?origin=walk_in", {"walk_in"}),
        ("?owner={rosa}", {"open"}),
        ("?owner=0", {"walk_in"}),
        ("?state=open&period=all", {"open", "walk_in", "old"}),
        ("?q=okafor", {"open"}),
        ("?q=MR+OK", {"open"}),
        ("?q=wit", {"sold"}),
        ("?q=пет", {"walk_in"}),
        ("?q=ålund", {"old"}),
        ("?q=o", set()),
        ("?q=06+2222+2222", {"lost"}),
        ("?q=%2B31622222222", {"lost"}),
        ("?q=LIND@example.org", {"lost"}),
        ("?q=%23{lost}", {"lost"}),
        ("?q={sold}", {"sold"}),
        ("?q=okafor&state=lost", set()),
        ("?q=%25", set()),
        ("?q=99999999999999999999999999", set()),
        ("?owner=999999999999999999999", {"open", "walk_in"}),
        ("?before=x", {"open", "walk_in"}),
    ],
)
def test_leads_are_found_by(desk, many, rosa, query, found):
    numbers = {name: lead.pk for name, lead in many.items()}
    page = listed(desk, query.format(rosa=rosa.pk, lost=numbers["lost"], sold=numbers["sold"]))
    assert {name for name, number in numbers.items() if f'href="/leads/{number}/"' in page} == found


def test_the_form_shows_what_was_asked_for(desk, many, rosa):
    page = listed(desk, f"?q=mr&state=lost&origin=online&owner={rosa.pk}&period=30")
    assert 'value="mr"' in page
    for chosen in ("lost", "online", str(rosa.pk), "30"):
        assert f'<option value="{chosen}" selected>' in page
    assert "No lead fits" in page


def test_older_leads_are_a_page_away_and_the_link_keeps_the_filters(desk, northside, now):
    for nth in range(ON_A_PAGE + 3):
        lead_of(northside, f"Customer {nth}", now, f"+316{nth:08}")
    first = listed(desk, "?state=open&origin=online")
    last = sorted(Lead.objects.values_list("pk", flat=True), reverse=True)[ON_A_PAGE - 1]
    assert first.count('class="task-name"') == ON_A_PAGE
    link = f"?q=&amp;state=open&amp;origin=online&amp;owner=&amp;period=90&amp;before={last}"
    assert link in first
    second = listed(desk, link.replace("&amp;", "&"))
    assert second.count('class="task-name"') == 3
    assert "Newest" in second
    assert "Older" not in second


def test_htmx_refreshes_the_list_with_its_filters(desk, many):
    part = listed(desk, "?state=lost", headers=HTMX)
    assert part.lstrip().startswith('<div id="leads"')
    assert 'hx-get="/leads/?state=lost"' in part
    assert "<form" not in part


def test_another_dealers_leads_are_not_found(signed_in, lena, many):
    numbers = [lead.pk for lead in many.values()]
    for query in ("?state=", "?q=okafor", "?q=+31611111111", "?q=okafor@example.org", f"?q={numbers[0]}"):
        page = listed(signed_in(lena), query)
        assert not any(f'href="/leads/{number}/"' in page for number in numbers), query


def test_who_is_not_signed_in_sees_no_list(client, db):
    assert client.get("/leads/").url == "/account/login/?next=%2Fleads%2F"


def test_a_page_of_leads_costs_the_same_queries_as_one(desk, northside, now):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            listed(desk)
        return len(captured)

    lead_of(northside, now=now)
    one = queries()
    for nth in range(20):
        lead_of(northside, f"Customer {nth}", now, f"+316{nth:08}")
    assert queries() == one


def test_a_name_is_looked_up_in_an_index_behind_the_tenants_wall(northside):
    from leadbell.lead.finding import _about

    with connection.cursor() as cursor:
        cursor.execute(
            "insert into leadbell_customer (dealer_id, full_name, first_name, last_name, language, emails, phones,"
            " created_at) select %s, 'Mr ' || md5(n::text), '', '', '', '{}', '[]', now()"
            " from generate_series(1, 5000) n",
            [northside.pk],
        )
        cursor.execute("analyze leadbell_customer")
        cursor.execute("set role leadbell_app")
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{northside.pk}}}"])
        try:
            with CaptureQueriesContext(connection) as captured:
                _about([northside.pk], "okafor")
            cursor.execute("explain " + captured[-1]["sql"])
            how = "\n".join(row[0] for row in cursor)
        finally:
            cursor.execute("reset role")
    conditions = [line for line in how.splitlines() if "Index Cond" in line]
    for column in ("sought_name", "sought_word"):
        assert any(f"{column} >= " in line for line in conditions), how
