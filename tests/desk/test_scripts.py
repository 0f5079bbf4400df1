"""The Dealer page, part Scripts: a dealer's own words, in versions; answers keep the words they were asked in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from leadbell.handover.models import DealerScript
from leadbell.handover.own_scripts import keep_text, version_of
from leadbell.handover.texts import Ask, Text
from leadbell.lead.journal import locked, read_history
from leadbell.refused import Refused
from tests.conftest import lead_of, make_person

pytestmark = pytest.mark.django_db

FORM = {
    "seen": "0", "says-nl": "Dag {name}, met {agent}.\n\nWat wilt u weten?", "says-en": "Hello {name}.", "says-ru": "",
    "ask-trade_in": "1", "place-trade_in": "2", "words-trade_in-en": "Do they drive something now?",
    "ask-budget": "1", "place-budget": "1",
    "words-new-en": "Which colour?", "words-new-nl": "Welke kleur?", "kind-new": "choice", "place-new": "3",
    "choices-new-en": "red\r\n blue ", "choices-new-nl": "rood\nblauw",
}  # fmt: skip


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def bea(northside):
    return make_person("Bea", northside, "bdc")


def address(dealer, name="online"):
    return reverse("dealer-script", args=[dealer.pk, name])


def test_a_manager_writes_the_script_and_an_agent_reads_it(signed_in, northside, ines, bea, now):
    assert signed_in(ines).post(address(northside), FORM).status_code == 303
    kept = version_of(northside.pk, "online")
    assert kept.text.says == {
        "nl": ("Dag {name}, met {agent}.", "Wat wilt u weten?"),
        "en": ("Hello {name}.",),
    }
    assert [ask.name for ask in kept.text.asks] == ["budget", "trade_in", "own-1"]
    lead = lead_of(northside, now=now)
    page = signed_in(bea).get(f"/leads/{lead.pk}/qualification/").content.decode()
    assert "Hello Mr Okafor." in page
    assert (
        page.index("What may it cost")
        < page.index("Do they drive something now?")
        < page.index("Which colour?")
    )
    assert "blue" in page
    assert "Do they want a test drive?" not in page
    other = lead_of(northside, "Ms Bruin", now, "+31612345679", "bruin@example.org", origin="direct_mail")
    assert (
        "Do they remember the mailing?"
        in signed_in(bea).get(f"/leads/{other.pk}/qualification/").content.decode()
    )


def test_a_preview_keeps_nothing(signed_in, northside, ines):
    client = signed_in(ines)
    page = client.post(address(northside), FORM | {"preview": "1"}).content.decode()
    assert "Dag Mr Okafor, met Ines." in page
    assert "red · blue" in page
    assert "Good day" not in page.split('class="script-preview"')[0].split("script-fields")[0]
    assert DealerScript.objects.count() == 0
    # What was previewed is on the form, a new question as one that stands: saving it now keeps it once.
    again = FORM | {"kind-own-1": "choice", "ask-own-1": "1", "words-own-1-en": "Which colour?", "place-own-1": "3",
        "choices-own-1-en": "red\nblue", "words-new-en": "And a tow bar?", "kind-new": "yes_no", "words-new-nl": "",
        "choices-new-en": "", "choices-new-nl": ""}  # fmt: skip
    assert client.post(address(northside), again).status_code == 303
    assert [(ask.name, ask.kind) for ask in version_of(northside.pk, "online").text.asks[2:]] == [
        ("own-1", "choice"), ("own-2", "yes_no"),
    ]  # fmt: skip


def test_what_cant_be_a_script_stands_where_it_was_written(signed_in, northside, ines):
    answer = signed_in(ines).post(address(northside), FORM | {"says-en": "Hello {who}."})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "filled in with nothing" in page
    assert "Hello {who}." in page
    assert DealerScript.objects.count() == 0
    assert signed_in(ines).post(address(northside), FORM | {"says-en": "a\0b"}).status_code == 409
    assert signed_in(ines).get(address(northside, "walk_in")).status_code == 404


def test_an_answer_keeps_the_words_it_was_asked_in(signed_in, northside, ines, bea, now):
    client = signed_in(ines)
    client.post(address(northside), FORM)
    lead = lead_of(northside, now=now - timedelta(minutes=5))
    agent = signed_in(bea)
    agent.get(f"/leads/{lead.pk}/qualification/")
    # Meanwhile the manager words both otherwise, in another order of answers.
    client.post(address(northside), FORM | {"seen": "1", "words-trade_in-en": "Trade-in?", "words-new-en": "",
        "words-new-nl": "", "kind-own-1": "choice", "ask-own-1": "1", "words-own-1-en": "What paint?",
        "choices-own-1-en": "blue\nred"})  # fmt: skip
    said = {"goal": "later", "at": (now + timedelta(days=2)).isoformat(), "version": "1", "ask-trade_in": "no",
        "ask-own-1": "2", "ask-budget": "9000", "ask-own-7": "yes"}  # fmt: skip
    assert agent.post(f"/leads/{lead.pk}/qualification/", said).status_code == 302
    fact = next(f for f in read_history(locked(lead.pk)).facts if type(f).__name__ == "Qualified")
    assert (fact.version, fact.own, fact.answers.trade_in, fact.answers.budget) == (
        1,
        {"own-1": "blue"},
        False,
        9000,
    )
    assert fact.asked == {"trade_in": "Do they drive something now?", "own-1": "Which colour?"}
    page = agent.get(f"/leads/{lead.pk}/").content.decode()
    assert "“Which colour?” blue." in page
    assert "“Do they drive something now?” No." in page
    assert "What paint?" not in page


def test_two_managers_at_once_dont_overwrite_each_other(signed_in, northside, ines):
    client = signed_in(ines)
    client.post(address(northside), FORM)
    answer = client.post(address(northside), FORM | {"says-en": "Hi."})
    assert answer.status_code == 409
    assert "Somebody has changed this script meanwhile" in answer.content.decode()
    assert DealerScript.objects.count() == 1


@pytest.mark.parametrize(("more", "status"), [({"preview": "1"}, 200), ({"says-en": "Hi {nobody}."}, 409)])
def test_what_is_shown_again_is_made_on_the_version_that_was_seen(signed_in, northside, ines, more, status):
    client = signed_in(ines)
    client.post(address(northside), FORM)
    answer = client.post(address(northside), FORM | more)
    assert answer.status_code == status
    assert answer.context["seen"] == int(FORM["seen"])
    assert f'name="seen" value="{FORM["seen"]}"' in answer.content.decode()


def test_the_same_words_are_no_new_version_and_ours_come_back(northside, ines, now):
    mine = Text(asks=(Ask("budget"),))
    assert keep_text(northside, "online", mine, ines, 0, now).number == 1
    assert keep_text(northside, "online", mine, ines, 1, now).number == 1
    assert keep_text(northside, "online", None, ines, 1, now).number == 2
    assert not version_of(northside.pk, "online").is_own
    assert keep_text(northside, "online", None, ines, 2, now).number == 2
    assert isinstance(keep_text(northside, "online", mine, ines, 0, now), Refused)
    assert version_of(northside.pk, "online", 1).text == mine
    assert version_of(northside.pk, "direct_mail").number == 0


def test_back_to_ours_from_the_page(signed_in, northside, ines):
    client = signed_in(ines)
    client.post(address(northside), FORM)
    assert "Back to ours" in client.get(address(northside)).content.decode()
    assert (
        client.post(reverse("dealer-script-back", args=[northside.pk, "online"]), {"seen": "1"}).status_code
        == 303
    )
    page = client.get(address(northside)).content.decode()
    assert "Back to ours" not in page
    assert "version 2, Ines" in page


def test_a_version_is_never_changed_and_another_dealer_sees_none(northside, southside, ines, now):
    keep_text(northside, "online", Text(asks=(Ask("budget"),)), ines, 0, now)
    with connection.cursor() as cursor:
        cursor.execute(
            "select has_any_column_privilege('leadbell_app', 'leadbell_dealerscript', 'update'), "
            "has_table_privilege('leadbell_app', 'leadbell_dealerscript', 'delete')"
        )
        assert cursor.fetchone() == (False, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        DealerScript.objects.create(dealer=northside, name="online", version=1, made_at=now, made_by=ines)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{southside.pk}}}"])
        cursor.execute("set local role leadbell_app")
        assert version_of(northside.pk, "online").number == 0
