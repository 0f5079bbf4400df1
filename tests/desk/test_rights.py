"""Who may do what: every page and every action, for every role, in one table, which is rights.txt.

ok: let in (what the page then says of the form is another test's matter) · 403: told that it isn't for them ·
404: not there for them · in: sent to sign in. An action is asked for with an empty form.
"""

import io
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

import leadbell
from leadbell.appointment.actions import book
from leadbell.appointment.calendars import make_address
from leadbell.appointment.diary import name_of as diary_name
from leadbell.appointment.models import BusyCalendar
from leadbell.dealers.models import Organisation, Person
from leadbell.desk.live.admission import Reader, admit
from leadbell.dms.actions import Made, Place, add_receiver, tell_again
from leadbell.dms.composing import compose
from leadbell.dms.models import DmsDelivery
from leadbell.intake.models import Envelope
from leadbell.lead.facts import Booked
from leadbell.lead.thread import Thread
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.monthly.letter import LETTERS as MONTHLY
from leadbell.metrics.reports.download import WRITE
from leadbell.metrics.reports.report import CHARTS
from leadbell.metrics.rows.keeping import keep_some, note_stale
from leadbell.metrics.weekly.letter import LETTERS as WEEKLY
from leadbell.network.models import Agreement, Passing
from leadbell.review.models import CoachingAction, Criterion, Moment, Sentence, Transcript
from leadbell.ring.models import TrackingNumber
from leadbell.video.models import Video
from leadbell.video.shelves import name_of as video_name
from leadbell.visits.models import Site, Visitor, VisitorJoin
from tests.conftest import DeskClient, lead_of, make_dealer, make_person, make_source
from tests.review.recorded import conversation

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], DeskClient]

#: Northside belongs to the group Noord, and Noord to the importer Hyundai Nederland.
PEOPLE = {
    "sales": "Rosa, salesperson at Northside, whose lead it is",
    "bdc": "Tim, BDC agent at Northside",
    "front": "Yvonne, who receives visitors at Northside",
    "manager": "Ines, sales manager of Northside",
    "group": "Gina, manager of the group Noord",
    "agent": "Noor, BDC agent at the group Noord",
    "importer": "Ilse, of the importer Hyundai Nederland",
    "other": "Lena, salesperson at Southside",
    "boss": "Olga, sales manager of Southside",
    "rival": "Kim, of another importer, Kia",
    "caller": "Zoe, BDC agent at another group, Zuid",
    "nobody": "nobody signed in",
}

SECRETS = (b"Okafor", b"okafor", b"612345678")


def rows() -> dict[tuple[str, str], list[str]]:
    """{(address's name, method): what each of PEOPLE gets}"""
    found = {}
    for line in Path(__file__).with_name("rights.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, method, *allowed = line.split()
            found[name, method] = allowed
    return found


TABLE = rows()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def organisation(kind: str, name: str, parent: Organisation | None = None) -> Organisation:
    return Organisation.objects.create(
        kind=kind, name=name, parent=parent, country="NL", zone="Europe/Amsterdam", language="en",
        created_at=datetime.now(UTC),
    )  # fmt: skip


@pytest.fixture
def people(northside: Organisation, rosa: Person, ines: Person, lena: Person) -> dict[str, Person | None]:
    importer = organisation("importer", "Aurora")
    noord = organisation("group", "Noord", importer)
    northside.parent = noord
    northside.save()
    make_dealer("Eastside", noord)
    kia = organisation("importer", "Kia")
    make_dealer("Westside", kia)
    zuid = organisation("group", "Zuid")
    make_dealer("Lakeside", zuid)
    return {
        "sales": rosa, "bdc": make_person("Tim", northside, "bdc"),
        "front": make_person("Yvonne", northside, "reception"), "manager": ines,
        "group": make_person("Gina", noord, "manager"), "agent": make_person("Noor", noord, "bdc"),
        "importer": make_person("Ilse", importer, "importer"),
        "other": lena, "boss": make_person("Olga", lena.organisation, "manager"),
        "rival": make_person("Kim", kia, "importer"), "caller": make_person("Zoe", zuid, "bdc"), "nobody": None,
    }  # fmt: skip


@pytest.fixture
def things(
    people: dict[str, Person | None],
    northside: Organisation,
    rosa: Person,
    now: datetime,
    settings: Any,
    tmp_path: Path,
) -> dict[str, Any]:
    """One of everything at Northside, by the names that addresses use."""
    ines, ilse, noor = people["manager"], people["importer"], people["agent"]
    assert ines
    assert ilse
    assert noor
    settings.RECORDINGS_URL = str(tmp_path)
    lead = lead_of(northside, now=now - timedelta(minutes=9), owner=rosa)
    assert isinstance(book(lead, rosa.pk, now + timedelta(days=2), now), Booked)
    call = conversation(lead, rosa, now - timedelta(minutes=8))
    sound = tmp_path / call.recording.stored_as
    sound.parent.mkdir(parents=True)
    sound.write_bytes(bytes(1000))
    video = Video.objects.create(
        dealer=northside,
        lead=lead,
        by=rosa,
        status="kept",
        kind="webm",
        sizes=[9],
        length_ms=900,
        created_at=now,
        delete_at=now + timedelta(days=9),
    )
    shown = tmp_path / video.piece(0)
    shown.parent.mkdir(parents=True, exist_ok=True)
    shown.write_bytes(bytes(9))
    source = make_source(northside)
    envelope = Envelope.objects.create(
        id=uuid.uuid4(), dealer=northside, source=source, received_at=now, transport="http", content_type="",
        body=b"Mr Okafor", sha256=b"0" * 32, status="quarantined", reason={"text": "unreadable"},
    )  # fmt: skip
    site = Site.objects.create(dealer=northside, name="northside.example", key="k", created_at=now)
    visitor = Visitor.objects.create(
        dealer=northside,
        site=site,
        uid=uuid.uuid4(),
        first_seen_at=now,
        last_seen_at=now,
        customer=lead.customer,
    )
    join = VisitorJoin.objects.create(
        dealer=northside, visitor=visitor, customer=lead.customer, lead=lead, how="form", at=now
    )
    passing = Passing.objects.create(
        importer=ilse.organisation, envelope=uuid.uuid4(), place=0, source=1, source_name="hyundai.nl",
        origin="online", received_at=now, state="taken", dealer=northside, lead=lead.pk, changed_at=now,
    )  # fmt: skip
    Agreement.objects.create(importer=ilse.organisation, dealer=northside)
    criterion = Criterion.objects.create(dealer=northside, texts={"en": "Asks"}, made_at=now, made_by=ines)
    moment = Moment.objects.create(
        dealer=northside, lead=lead, call=call.pk, by=ines, at_ms=1, text="here", made_at=now
    )
    Transcript.objects.create(
        call=call.pk, dealer=northside, lead=lead, talked_at=now, engine="w", language="en", begun_at=now, done_at=now
    )  # fmt: skip
    Sentence.objects.create(
        pk=moment.pk, dealer=northside, call=call.pk, side="customer", start_ms=0, end_ms=9, language="en", text="Yes"
    )  # fmt: skip
    action = CoachingAction.objects.create(
        dealer=northside, person=rosa, text="Ask", agreed_by=ines, agreed_at=now, due_on=now.date()
    )
    agents = CoachingAction.objects.create(
        dealer=noor.organisation, person=noor, text="Ask", agreed_by=ines, agreed_at=now, due_on=now.date()
    )
    number = TrackingNumber.objects.create(
        dealer=northside, number="+31201234567", source=source.pk, name="Flyer", created_at=now
    )
    told = add_receiver(
        northside, "CarDesk", "webhook", Place("https://dms.example/hook"), ["lead.received"], now
    )
    assert isinstance(told, Made)
    assert tell_again(told.receiver, now - timedelta(hours=1), now) == 1
    delivery = DmsDelivery.objects.get()
    delivery.body = compose(delivery)
    delivery.save()
    busy = BusyCalendar.objects.create(
        dealer=northside, person=rosa, kind="ical", host="cal.example", next_at=now, created_at=now
    )
    return {
        "lead": lead.pk, "join": join.pk, "call": call.pk, "moment": moment.pk, "rosa": rosa.pk,
        "noor": noor.pk, "agents": agents.pk, "action": action.pk,
        "dealer": northside.pk, "source": source.pk, "site": site.pk, "number": number.pk,
        "receiver": told.receiver.pk, "delivery": delivery.pk,
        "criterion": criterion.pk, "envelope": envelope.pk, "passing": passing.pk, "busy": busy.pk,
        "thread": Thread(northside.pk, lead.pk).name, "diary": diary_name(make_address(rosa, northside.pk, now)),
        "letter": WEEKLY.name_of(rosa), "monthly": MONTHLY.name_of(rosa),
        "video": video.pk.hex, "watch": video_name(video), "nth": 0,
    }  # fmt: skip


def addresses() -> dict[str, str]:
    """{name: how it is written}"""

    def walk(patterns: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, before + str(one.pattern))
            else:
                assert isinstance(one, URLPattern)
                assert one.name, f"{before}{one.pattern} has no name"
                yield one.name, before + str(one.pattern)

    return dict(walk(get_resolver().url_patterns))


#: Whose number stands in an address, by the beginning of how it is written.
NUMBERED = (
    ("leads/", "lead"), ("network/sent/", "passing"), ("inbox/", "envelope"), ("coaching/", "rosa"),
    ("me/calendar/busy/", "busy"), ("review/", "moment"), ("dealers/<int:dealer>/people/", "rosa"),
    ("dealers/<int:dealer>/channels/", "source"), ("dealers/<int:dealer>/sites/", "site"),
    ("dealers/<int:dealer>/phone/numbers/", "number"), ("dealers/<int:dealer>/review/", "criterion"),
    ("dealers/<int:dealer>/dms/", "receiver"),
)  # fmt: skip
NAMED = {"opt-out-link": "thread", "calendar-feed": "diary", "weekly-off": "letter", "monthly-off": "monthly",
    "video-watch": "watch", "video-stream": "watch", "video-watched": "watch"}  # fmt: skip
#: What else a row is asked about, by what follows the address's name.
ABOUT = {"agent": {"number": "noor", "action": "agents"}}
FIXED = {"key": "x", "uidb36": "1", "origin": "online", "kind": "asterisk", "form": "csv", "message": 1}


def where(row: str, addresses: dict[str, str], things: dict[str, Any]) -> str:
    name, _, of = row.partition(":")
    written, instead = addresses[name], ABOUT.get(of, {})
    about: dict[str, Any] = {}
    for part in re.findall(r"<(?:\w+:)?(\w+)>", written):
        if part in instead:
            about[part] = things[instead[part]]
        elif part == "number":
            about[part] = next(things[what] for begins, what in NUMBERED if written.startswith(begins))
        elif part == "name":
            about[part] = things[NAMED[name]] if name in NAMED else next(iter(METRICS))
        else:
            about[part] = things.get(part, FIXED.get(part))
    if name == "report-table":
        about["name"] = "figures"
    return reverse(name, kwargs=about)


def gets(answer: HttpResponse) -> str:
    if answer.status_code in (403, 404):
        return str(answer.status_code)
    if answer.headers.get("Location", "").startswith("/account/login/"):
        return "in"
    return "ok"


def asked(client: DeskClient, method: str, address: str) -> tuple[str, bytes]:
    """What they get, and what it says; nothing that it did stays."""
    with transaction.atomic():
        answer = getattr(client, method.lower())(address)
        said = b"" if answer.streaming else answer.content
        transaction.set_rollback(True)
    return gets(answer), said + str(answer.headers).encode()


def test_every_address_stands_in_the_table() -> None:
    assert {name.partition(":")[0] for name, _ in TABLE} == set(addresses())
    assert all(len(row) == len(PEOPLE) for row in TABLE.values())


#: The others take their time with the heavy tests.
ASKED_EVERY_DAY = {"sales", "manager", "other", "rival"}


@pytest.mark.parametrize(
    "who", [pytest.param(who, marks=() if who in ASKED_EVERY_DAY else pytest.mark.slow) for who in PEOPLE]
)
def test_everybody_gets_what_the_table_says(
    who: str, people: dict[str, Person | None], things: dict[str, Any], signed_in: SignIn
) -> None:
    person, written = people[who], addresses()
    client = signed_in(person) if person else DeskClient()
    found, told = {}, []
    for name, method in TABLE:
        found[name, method], said = asked(client, method, where(name, written, things))
        if name not in NAMED and any(secret in said for secret in SECRETS):
            told.append((name, method))
    assert found == {row: expected[list(PEOPLE).index(who)] for row, expected in TABLE.items()}
    if who in ("sales", "manager", "group"):
        assert told
    elif who not in ("bdc", "agent"):
        assert told == []


@pytest.mark.parametrize("who", ["importer", "rival", "other", "boss", "caller"])
def test_no_export_says_who_a_customer_is(
    who: str, people: dict[str, Person | None], things: dict[str, Any], signed_in: SignIn
) -> None:
    """By no table in any form, and by no list of the leads behind a figure."""
    note_stale()
    while keep_some():
        pass
    person = people[who]
    assert person
    client = signed_in(person)
    for name, form in product(("figures", "comparison", "funnel", "league", "fallout", *CHARTS), WRITE):
        answer = client.get(reverse("report-table", args=[name, form]), {"period": "365"})
        assert answer.status_code in (200, 403, 404)
        assert not any(secret in unpacked(answer.content) for secret in SECRETS), (name, form)
    for name in list(METRICS)[:12]:
        answer = client.get(reverse("figure-leads", args=[name]), {"period": "365"})
        assert not any(secret in answer.content for secret in SECRETS), name


def unpacked(content: bytes) -> bytes:
    """A workbook's parts are compressed."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return b"".join(book.read(name) for name in book.namelist())


def test_the_stream_tells_only_of_dealers_whose_customers_one_may_see(
    people: dict[str, Person | None], northside: Organisation, now: datetime, signed_in: SignIn
) -> None:
    hears = {}
    for who, person in people.items():
        if person:
            session = signed_in(person).session.session_key
            assert session
            reader = admit([session], now)[session]
            assert isinstance(reader, Reader)
            hears[who] = northside.pk in reader.dealers
            if who in ("importer", "rival"):
                assert reader.dealers == {person.organisation_id}, "what it sent itself, and no dealer's news"
    assert [who for who, ours in hears.items() if ours] == [
        "sales",
        "bdc",
        "front",
        "manager",
        "group",
        "agent",
    ]


def test_a_strangers_link_opens_nothing(things: dict[str, Any]) -> None:
    """Where the address itself is the permission, no other one works."""
    for name, what in NAMED.items():
        wrong = things[what][:-1] + ("a" if things[what][-1] != "a" else "b")
        ask = DeskClient().get if (name, "GET") in TABLE else DeskClient().post
        assert ask(reverse(name, args=[wrong])).status_code == 404, name


#: The names of what forms send, as they stand in the pages and where these are read.
FIELD = re.compile(r"""name="(\w+)"|(?:POST|GET|form|said)(?:\.get|\.getlist)?[\[(]"(\w+)\"""")


def fields() -> set[str]:
    code = (path for ending in ("py", "html") for path in Path(leadbell.__file__).parent.rglob(f"*.{ending}"))
    return {a or b for path in code for a, b in FIELD.findall(path.read_text("utf-8"))}


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["Jan\0sen", "7\0"])
def test_what_the_database_cannot_store_fails_on_no_page(
    typed: str, people: dict[str, Person | None], things: dict[str, Any], signed_in: SignIn
) -> None:
    """Typed into every field of every form, and asked for in every search."""
    written, said = addresses(), dict.fromkeys(fields(), typed)
    assert {"name", "text", "reason", "q"} < set(said)
    clients = {who: signed_in(person) for who, person in people.items() if person}
    for (name, method), expected in TABLE.items():
        who = next((one for one, gets in zip(PEOPLE, expected, strict=True) if gets == "ok"), "sales")
        with transaction.atomic():
            address, form = where(name, written, things), urlencode(said)
            answer = (
                clients[who].get(f"{address}?{form}")
                if method == "GET"
                else clients[who].post(address, form, "application/x-www-form-urlencoded")
            )
            assert answer.status_code < 500, (name, method, who)
            transaction.set_rollback(True)


def test_what_cannot_be_stored_is_refused_in_words(
    northside: Organisation, ines: Person, signed_in: SignIn
) -> None:
    desk, here = signed_in(ines), reverse("dealer-people", args=[northside.pk])
    said = {"name": "Ja\0n ✓ de Vries", "email": "jan@northside.example", "role": "salesperson"}
    refused = desk.post(here, said, headers={"HX-Request": "true"})
    assert refused.status_code == 409
    assert "can’t be stored" in refused.content.decode() + str(refused.headers)
    assert not Person.objects.filter(email="jan@northside.example").exists()
    assert desk.get("/leads/\0/").status_code == 404
    for asked in ("Ja%00n", "Ja%%0000n"):
        assert desk.get(f"/leads/?q={asked}").status_code == 200
