"""The Dealer page about the dealer's own systems: set up, tried, looked after; and shut for everybody else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from leadbell.dealers.models import Organisation, Person
from leadbell.dms.models import DmsDelivery, DmsKey, DmsPlace, DmsReceiver
from leadbell.dms.rules import EVENTS
from leadbell.lead.doors import tenant
from tests.conftest import NOON, DeskClient, lead_of, make_person
from tests.dms.telling import Told

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], DeskClient]
ADDRESS = "https://dms.example/hook?token=s3cret"


@pytest.fixture
def page(ines: Person, signed_in: SignIn) -> DeskClient:
    return signed_in(ines)


def connected(page: DeskClient, dealer: Organisation, **about: Any) -> Any:
    said = {"name": "CarDesk", "kind": "webhook", "address": ADDRESS, "event": list(EVENTS)} | about
    return page.post(reverse("dealer-dms", args=[dealer.pk]), said)


def url(name: str, receiver: DmsReceiver, *more: int) -> str:
    return reverse(name, args=[receiver.dealer_id, receiver.pk, *more])


def test_the_secret_is_shown_once_and_the_address_never(page: DeskClient, northside: Organisation) -> None:
    answer = connected(page, northside)
    assert answer.status_code == 200
    secret = DmsKey.objects.get().secret
    assert secret.startswith("whsec_")
    assert secret.encode() in answer.content
    receiver = DmsReceiver.objects.get()
    assert DmsPlace.objects.get().address == ADDRESS
    for where in (reverse("dealer-dms", args=[northside.pk]), url("dms-system", receiver)):
        said = page.get(where).content
        assert b"dms.example" in said
        assert secret.encode() not in said
        assert b"s3cret" not in said
    again = page.post(url("dms-secret", receiver)).content
    assert DmsKey.objects.order_by("-pk")[0].secret.encode() in again
    assert secret.encode() not in again


def test_the_web_cant_read_what_it_wrote(page: DeskClient, northside: Organisation) -> None:
    connected(page, northside)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
    for question in (DmsPlace.objects.values_list("address"), DmsKey.objects.values_list("secret")):
        with pytest.raises(ProgrammingError, match="permission denied"), tenant([northside.pk]):
            list(question)


@pytest.mark.parametrize(
    ("about", "because"),
    [
        ({"address": "https://127.0.0.1/x"}, "private network"),
        ({"address": "https://192.168.1.4/x"}, "private network"),
        ({"address": "https://[::ffff:10.0.0.1]/x"}, "private network"),
        ({"address": "https://LOCALHOST./x"}, "private network"),
        ({"address": "http://dms.example/x"}, "encrypted only"),
        ({"address": "http://93.184.216.34/x"}, "encrypted only"),
        ({"address": "ftp://dms.example/x"}, "begins with https"),
        ({"address": "https://user:word@dms.example/"}, "their own fields"),
        ({"kind": "adf_mail", "address": "nobody"}, "no e-mail address"),
        ({"event": []}, "at least one event"),
        ({"kind": "adf_http", "event": ["lead.sold"]}, "at least one event"),
        ({"kind": "pigeon"}, "how it is told"),
        ({"name": " "}, "Give it a name"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    page: DeskClient, northside: Organisation, about: dict[str, Any], because: str
) -> None:
    answer = connected(page, northside, **about)
    assert answer.status_code == 409
    assert because in answer.content.decode()
    assert not DmsReceiver.objects.exists()


def test_the_log_says_what_was_sent_and_answered_and_filters(
    page: DeskClient, northside: Organisation, told: Told, settings: Any
) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    connected(page, northside, address="https://127.0.0.1:1/x")
    receiver = DmsReceiver.objects.get()
    lead, other = lead_of(northside), lead_of(northside, "Ms Vermeer", phone="+31612345679", email=None)
    told.all()
    delivery = DmsDelivery.objects.get(lead=lead)
    log = page.get(url("dms-system", receiver)).content.decode()
    assert f">{lead.pk}</a>" in log
    assert f">{other.pk}</a>" in log
    assert "it doesn&#x27;t answer" in log
    only = page.get(url("dms-system", receiver), {"lead": lead.pk, "status": "waiting"}).content.decode()
    assert f">{lead.pk}</a>" in only
    assert f">{other.pk}</a>" not in only
    assert "Nothing here" in page.get(url("dms-system", receiver), {"event": "lead.sold"}).content.decode()
    one = page.get(url("dms-delivery", receiver, delivery.pk)).content.decode()
    assert delivery.message_id in one
    assert "Mr Okafor" in one
    assert "webhook-signature" in one
    assert "it doesn&#x27;t answer" in one


def test_test_pause_again_replay_and_removal(page: DeskClient, northside: Organisation) -> None:
    connected(page, northside)
    receiver = DmsReceiver.objects.get()
    assert page.post(url("dms-test", receiver)).status_code == 303
    assert DmsDelivery.objects.get().event == "test"
    page.post(url("dms-pausing", receiver))
    receiver.refresh_from_db()
    assert receiver.paused_at
    assert page.post(url("dms-test", receiver)).status_code == 409
    page.post(url("dms-pausing", receiver), {"on": "1"})
    receiver.refresh_from_db()
    assert receiver.paused_at is None
    again = url("dms-again", receiver, DmsDelivery.objects.get().pk)
    DmsDelivery.objects.update(status="taken", settled_at=NOON)
    assert page.post(again).status_code == 303
    assert DmsDelivery.objects.get().status == "waiting"
    assert page.post(url("dms-replay", receiver), {"since": "no moment"}).status_code == 409
    assert page.post(url("dms-replay", receiver), {"since": "2001-01-01T00:00"}).status_code == 409
    lead = lead_of(northside, now=datetime.now(UTC) - timedelta(hours=2))
    DmsDelivery.objects.filter(lead=lead).delete()
    since = (
        (lead.received_at - timedelta(hours=1))
        .astimezone(ZoneInfo(northside.zone))
        .strftime("%Y-%m-%dT%H:%M")
    )
    for _ in range(2):
        assert page.post(url("dms-replay", receiver), {"since": since}).status_code == 303
        assert DmsDelivery.objects.get(lead=lead).status == "waiting"
    assert page.post(url("dms-events", receiver), {"name": "X", "event": "lead.sold"}).status_code == 303
    receiver.refresh_from_db()
    assert receiver.kinds == {"sold": "lead.sold"}
    moved = page.post(url("dms-place", receiver), {"address": "https://other.example/"})
    assert moved.status_code == 303
    assert DmsPlace.objects.get().address == "https://other.example/"
    assert page.post(url("dms-removal", receiver)).status_code == 303
    assert not DmsReceiver.objects.exists()
    assert not DmsPlace.objects.exists()


def test_the_floor_says_that_a_system_is_told_nothing_any_more(
    page: DeskClient, northside: Organisation, rosa: Person, signed_in: SignIn
) -> None:
    connected(page, northside)
    floor, here = reverse("floor"), url("dms-system", DmsReceiver.objects.get())
    assert "CarDesk" not in page.get(floor).content.decode()
    now = datetime.now(UTC)
    DmsReceiver.objects.update(failures=1, failing_since=now - timedelta(minutes=1))
    assert "CarDesk" not in page.get(floor).content.decode(), "a hiccup"
    DmsReceiver.objects.update(failures=3, failing_since=now - timedelta(hours=1), rest_until=now)
    assert "CarDesk can’t be told" in page.get(floor).content.decode()
    DmsReceiver.objects.update(paused_at=NOON, paused_because={"text": "it took nothing for three days"})
    said = page.get(floor).content.decode()
    assert "CarDesk is told nothing any more" in said
    assert here in said
    hers = signed_in(rosa).get(floor).content.decode()
    assert "CarDesk is told nothing any more" in hers
    assert here not in hers


def test_an_importer_sees_and_sets_up_nothing(
    page: DeskClient, northside: Organisation, signed_in: SignIn
) -> None:
    connected(page, northside)
    importer = Organisation.objects.create(
        kind="importer", name="Aurora", country="NL", zone="Europe/Amsterdam", language="en", created_at=NOON
    )
    northside.parent = importer
    northside.save()
    lead_of(northside)
    client = signed_in(make_person("Ilse", importer, "importer"))
    receiver = DmsReceiver.objects.get()
    assert connected(client, northside).status_code == 403
    assert client.get(url("dms-system", receiver)).status_code == 403
    assert client.get(url("dms-delivery", receiver, DmsDelivery.objects.get().pk)).status_code == 403
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        with tenant([importer.pk]):
            assert not DmsReceiver.objects.exists()
            assert not DmsDelivery.objects.exists()
