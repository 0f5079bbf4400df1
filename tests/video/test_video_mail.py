"""From the camera to the customer: pieces, the message, the link, who watched, and the end."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from leadbell.conversation.models import Message, MessageSetup
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clearing import take_off
from leadbell.followup.deleting import delete_customer
from leadbell.lead.facts import VideoOpened, VideoWatched, Wrote
from leadbell.lead.journal import read_history
from leadbell.lead.models import Lead
from leadbell.ring.models import PhoneRules
from leadbell.video.actions import due, taken_off
from leadbell.video.models import Video
from leadbell.video.rules import LARGEST_PIECE, SEEN_FOR
from leadbell.video.shelves import name_of, named
from tests.conftest import DeskClient, lead_of
from tests.video.test_rules import PLAYS, WEBM

FIRST, SECOND = WEBM + b"a" * 1000, b"b" * 500


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.RECORDINGS_URL = str(tmp_path / "recordings")
    return tmp_path / "recordings"


@pytest.fixture
def lead(northside: Organisation, rosa: Person) -> Lead:
    return lead_of(northside, now=timezone.now(), owner=rosa)


Sign = Callable[[Person], Client]


def recorded(client: Client, lead: Lead, *pieces: bytes, ms: int = 12_000) -> Any:
    """The answer to the end of it."""
    number = client.post(f"/leads/{lead.pk}/video/new/").json()["video"]
    for nth, piece in enumerate(pieces):
        answer = send(client, lead, number, nth, piece)
        assert answer.status_code == 204, answer.content
    return client.post(f"/leads/{lead.pk}/video/new/{number}/finish/", {"pieces": len(pieces), "ms": ms})


def send(client: Client, lead: Lead, number: str, nth: int, piece: bytes) -> Any:
    address = f"/leads/{lead.pk}/video/new/{number}/{nth}/"
    return client.post(address, piece, content_type="application/octet-stream")


def kept(client: Client, lead: Lead) -> Video:
    assert recorded(client, lead, FIRST, SECOND).status_code == 200
    return Video.objects.get(status="kept")


def body(answer: Any) -> bytes:
    async def whole() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return asyncio.run(whole())


def watch(client: Client, video: Video, way: str = "/video", **headers: str) -> Any:
    return client.get(f"/w/{name_of(video)}{way}", headers=headers)


def test_a_video_goes_into_the_message_by_its_link(
    signed_in: Sign, northside: Organisation, rosa: Person, lead: Lead, settings: Any
) -> None:
    MessageSetup.objects.create(
        dealer=northside,
        mail_on=True,
        sender="showroom@northside.example",
        host="mail.example",
        changed_at=timezone.now(),
    )
    client = signed_in(rosa)
    then = recorded(client, lead, FIRST, SECOND).json()["then"]
    video = Video.objects.get()
    assert (video.kind, video.sizes, video.length_ms) == ("webm", [len(FIRST), len(SECOND)], 12_000)
    page = client.get(then).content.decode()
    link = f"/w/{name_of(video)}/"
    assert page.count(link) >= 2, "in the text and beside it"
    url = settings.PUBLIC_URL + link
    said = {
        "carrier": "email",
        "to": "okafor@example.org",
        "subject": "Me",
        "text": f"Look: {url}",
        "key": "k",
        "video": url,
    }
    assert client.post(f"/leads/{lead.pk}/messages/", said).status_code == 303
    assert [fact.carrier for fact in read_history(lead).of(Wrote)] == ["video"]
    assert Message.objects.get().by_id == rosa.pk


def test_whoever_has_the_link_watches_it(signed_in: Sign, rosa: Person, lead: Lead) -> None:
    video = kept(signed_in(rosa), lead)
    customer = signed_out()
    page = watch(customer, video, "/")
    assert page.status_code == 200
    assert "Okafor" not in page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
    whole = watch(customer, video)
    assert (whole.status_code, whole["Content-Type"], body(whole)) == (200, "video/webm", FIRST + SECOND)
    across = watch(customer, video, Range=f"bytes={len(FIRST) - 2}-{len(FIRST) + 1}")
    assert (across.status_code, body(across)) == (206, FIRST[-2:] + SECOND[:2])
    assert across["Content-Range"] == f"bytes {len(FIRST) - 2}-{len(FIRST) + 1}/{len(FIRST + SECOND)}"
    assert watch(customer, video, Range="bytes=9999-").status_code == 416


def signed_out() -> Client:
    """Somebody with the link alone, with the web's rights in the database."""
    return DeskClient()


def test_playing_is_an_opening_and_a_look_is_none(signed_in: Sign, rosa: Person, lead: Lead) -> None:
    client = signed_in(rosa)
    video = kept(client, lead)
    customer = signed_out()
    watch(customer, video, "/", **{"User-Agent": PLAYS["User-Agent"]})
    customer.head(f"/w/{name_of(video)}/video", headers=PLAYS)
    watch(customer, video, **{"User-Agent": PLAYS["User-Agent"]})
    watch(customer, video, **PLAYS | {"User-Agent": "WhatsApp/2.23"})
    watch(client, video, **PLAYS)
    customer.post(f"/w/{name_of(video)}/watched/")
    assert read_history(lead).of(VideoOpened, VideoWatched) == ()
    for _ in range(2):
        watch(customer, video, **PLAYS)
        customer.post(f"/w/{name_of(video)}/watched/")
    kinds = [type(fact) for fact in read_history(lead).of(VideoOpened, VideoWatched)]
    assert kinds == [VideoOpened, VideoWatched], "each once"
    assert "The video mail was opened" in client.get(f"/leads/{lead.pk}/").content.decode()


def test_a_link_is_signed_and_ends(signed_in: Sign, rosa: Person, lead: Lead) -> None:
    video = kept(signed_in(rosa), lead)
    customer, name = signed_out(), name_of(video)
    dealer, number, until, proof = name.split("-")
    for other in (
        f"{int(dealer) + 1}-{number}-{until}-{proof}", f"{dealer}-{uuid.uuid4().hex}-{until}-{proof}",
        f"{dealer}-{number}-{int(until) + 1}-{proof}", f"{dealer}-{number}-{until}-{'a' * 24}", "x",
    ):  # fmt: skip
        assert named(other) is None
        assert {customer.get(f"/w/{other}{way}").status_code for way in ("/", "/video")} == {404}
    Video.objects.update(delete_at=timezone.now() - timedelta(seconds=1))
    assert customer.get(f"/w/{name}/").status_code == 410
    assert "any more" in customer.get(f"/w/{name}/").content.decode()
    assert customer.get(f"/w/{name}/video").status_code == 410


@pytest.mark.parametrize(("keep", "days"), [(10, 10), (365, SEEN_FOR.days)])
def test_it_goes_in_time(
    signed_in: Sign, northside: Organisation, rosa: Person, lead: Lead, shelf: Path, keep: int, days: int
) -> None:
    PhoneRules.objects.create(dealer=northside, keep_days=keep)
    video = kept(signed_in(rosa), lead)
    assert video.delete_at is not None
    assert (video.delete_at - timezone.now()).days in (days - 1, days)
    assert len([one for one in shelf.rglob("*") if one.is_file()]) == 2
    assert due(video.delete_at - timedelta(minutes=1)) == {}
    for number in take_off(due(video.delete_at)):
        taken_off(number)
    assert [one for one in shelf.rglob("*") if one.is_file()] == []
    assert due(video.delete_at + timedelta(days=1)) == {}
    assert Video.objects.get().status == "deleted"


def test_it_goes_with_its_customer(signed_in: Sign, rosa: Person, ines: Person, lead: Lead) -> None:
    video = kept(signed_in(rosa), lead)
    now = timezone.now()
    lead.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{lead.dealer_id}}}"])
    delete_customer(lead, ines, now)
    assert watch(signed_out(), video, "/").status_code in (404, 410)
    assert list(due(now)) == [video.pk]


@pytest.mark.parametrize(
    ("pieces", "ms", "said"),
    [
        ((FIRST,), 95_000, "minute and a half"),
        ((FIRST,), 10, "minute and a half"),
        ((), 12_000, "part of the video is missing"),
    ],
)
def test_what_is_no_whole_video_is_not_kept(
    signed_in: Sign, rosa: Person, lead: Lead, pieces: tuple[bytes, ...], ms: int, said: str
) -> None:
    answer = recorded(signed_in(rosa), lead, *pieces, ms=ms)
    assert answer.status_code == 409
    assert said in answer.content.decode()
    assert not Video.objects.filter(status="kept").exists()


def test_what_is_no_piece_is_refused(signed_in: Sign, rosa: Person, lead: Lead, shelf: Path) -> None:
    client = signed_in(rosa)
    number = client.post(f"/leads/{lead.pk}/video/new/").json()["video"]
    for nth, piece, said in (
        (0, b"<html>", "no video"), (1, SECOND, "missing"), (0, b"", "too large"),
        (0, WEBM + b"x" * LARGEST_PIECE, "too large"),
    ):  # fmt: skip
        answer = send(client, lead, number, nth, piece)
        assert answer.status_code == 409
        assert said in answer.content.decode()
    assert not shelf.exists() or [one for one in shelf.rglob("*") if one.is_file()] == []
    assert [send(client, lead, number, 0, FIRST).status_code for _ in range(2)] == [204, 204]
    assert Video.objects.get().sizes == [len(FIRST)], "sent twice, kept once"


def test_nobody_else_touches_it(
    signed_in: Sign, rosa: Person, samir: Person, lena: Person, lead: Lead
) -> None:
    number = signed_in(rosa).post(f"/leads/{lead.pk}/video/new/").json()["video"]
    for stranger in (samir, lena):
        client = signed_in(stranger)
        assert send(client, lead, number, 0, FIRST).status_code == 404
        assert client.post(f"/leads/{lead.pk}/video/new/{number}/finish/").status_code == 404
    assert signed_in(lena).get(f"/leads/{lead.pk}/video/").status_code == 404
    assert signed_in(lena).post(f"/leads/{lead.pk}/video/new/").status_code == 404
    assert send(signed_in(rosa), lead, "nonsense", 0, FIRST).status_code == 404


def test_the_page_with_the_camera_may_show_what_it_recorded(
    signed_in: Sign, rosa: Person, lead: Lead
) -> None:
    page = signed_in(rosa).get(f"/leads/{lead.pk}/video/")
    assert page.status_code == 200
    assert "media-src 'self' blob:" in page["Content-Security-Policy"]


def test_a_shelf_that_is_away_is_said(
    signed_in: Sign, rosa: Person, lead: Lead, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    client = signed_in(rosa)
    number = client.post(f"/leads/{lead.pk}/video/new/").json()["video"]
    settings.RECORDINGS_URL = str(tmp_path / "file" / "recordings")
    answer = send(client, lead, number, 0, FIRST)
    assert answer.status_code == 503
    assert "try again" in answer.content.decode()
    assert Video.objects.get().sizes == []
