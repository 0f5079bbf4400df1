"""One embedded PostgreSQL for the session, and the cast: dealer Northside with Rosa, Samir and Ines."""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from leadbell import postgres, roles
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.actions import forget_choices
from leadbell.intake.models import Source
from leadbell.lead.facts import Arrived, Origin
from leadbell.lead.journal import record
from leadbell.lead.models import Customer, Lead
from leadbell.ring.wanted import forget_lines
from leadbell.routing.actions import forget_counts
from tests.conversation.mail import MailServer, Taken
from tests.dms.telling import Told

#: A Monday at noon in Amsterdam: everybody is at work.
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)

#: Machines are shared: how long an example takes says nothing.
hypothesis.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: its driver keeps an event loop running, in which no asyncio test can start its own."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[roles.Urls]:
    """A PostgreSQL server with the four roles; the owner may slip into the others' shoes with SET ROLE."""
    folder = tmp_path_factory.mktemp("leadbell")
    with postgres.database(folder, {"fsync": "off"}) as urls:
        kept = roles.keep_secrets(folder)
        superuser = urls.owner.replace(roles.OWNER, roles.SUPERUSER, 1).replace(
            kept[roles.OWNER], kept[roles.SUPERUSER]
        )
        with psycopg.connect(superuser, autocommit=True) as admin:
            admin.execute("grant leadbell_app, leadbell_clockwork, leadbell_mouth to leadbell_owner")
        os.environ["LEADBELL_DATA"] = str(folder)
        for role in ("owner", "app", "clockwork", "mouth"):
            os.environ[f"LEADBELL_DB_{role.upper()}"] = getattr(urls, role)
        yield urls


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Argon2 takes its time on purpose; in tests a password is only something to sign in with."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(cluster: roles.Urls, django_db_blocker: Any) -> Iterator[None]:
    from leadbell.settings import _database

    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update(_database("owner"))
        call_command("migrate", verbosity=0)
    yield
    with django_db_blocker.unblock():
        connection.close()


class DeskClient(Client):
    """A browser whose requests have the web's rights in the database, no more."""

    def request(self, **request: Any) -> HttpResponse:  # type: ignore[override]  # the stubs name a test-only class
        with connection.cursor() as cursor:
            cursor.execute("select set_config('app.dealers', '', false)")
            cursor.execute("set role leadbell_app")
            try:
                return super().request(**request)
            finally:
                if not connection.needs_rollback:
                    cursor.execute("reset role")


@pytest.fixture
def signed_in() -> Callable[[Person], DeskClient]:
    def sign_in(person: Person) -> DeskClient:
        client = DeskClient()
        client.force_login(person, backend="leadbell.desk.signing_in.ByEmail")
        return client

    return sign_in


def make_dealer(name: str, parent: Organisation | None = None) -> Organisation:
    return Organisation.objects.create(
        kind="dealer", name=name, parent=parent, country="NL", zone="Europe/Amsterdam", language="en",
        brands=["Hyundai"], created_at=NOON,
    )  # fmt: skip


def make_person(name: str, organisation: Organisation, role: str = "salesperson", **about: Any) -> Person:
    return Person.objects.create_user(
        f"{name.lower()}@{organisation.name.lower()}.example", "ring the bell", name=name, role=role,
        organisation=organisation, speaks=["en", "nl"], created_at=NOON, **about,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _count_afresh() -> None:
    """What was read in one test is no news in the next."""
    forget_counts()
    forget_choices()
    forget_lines()


@pytest.fixture
def northside(db: None) -> Organisation:
    return make_dealer("Northside")


@pytest.fixture
def rosa(northside: Organisation) -> Person:
    return make_person("Rosa", northside)


@pytest.fixture
def samir(northside: Organisation) -> Person:
    return make_person("Samir", northside)


@pytest.fixture
def ines(northside: Organisation) -> Person:
    return make_person("Ines", northside, "manager")


@pytest.fixture
def southside(db: None) -> Organisation:
    return make_dealer("Southside")


@pytest.fixture
def lena(southside: Organisation) -> Person:
    """A salesperson of another dealer: everything of Northside's is 404 for her."""
    return make_person("Lena", southside)


def make_source(dealer: Organisation, name: str = "Website", origin: Origin = "online") -> Source:
    return Source.objects.create(
        dealer=dealer, name=name, origin=origin, key=uuid.uuid4().hex, created_at=NOON
    )


@pytest.fixture
def taken() -> Taken:
    """What the mail server took."""
    return Taken()


@pytest.fixture
def server(taken: Taken) -> Iterator[MailServer]:
    """A mail server on loopback."""
    running = MailServer(taken)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def told() -> Iterator[Told]:
    """Tells the dealers' own systems what is due."""
    made = Told(NOON)
    yield made
    made.telling.close()


@pytest.fixture
def source(northside: Organisation) -> Source:
    return make_source(northside)


def lead_of(
    dealer: Organisation,
    customer: str = "Mr Okafor",
    now: datetime = NOON,
    phone: str | None = "+31612345678",
    email: str | None = "okafor@example.org",
    origin: Origin = "online",
    **about: Any,
) -> Lead:
    """A lead that has just arrived, with its first fact."""
    somebody = Customer.objects.create(
        dealer=dealer, full_name=customer, emails=[email] if email else [],
        phones=[{"number": phone, "raw": phone, "kind": None}] if phone else [], created_at=now,
    )  # fmt: skip
    lead = Lead.objects.create(
        dealer=dealer, customer=somebody, origin=origin, channel="adf", source="Website", received_at=now,
        received_on=now.date(), in_hours=True, message="Is the blue one in stock?",
        cars=[{"interest": "buy", "status": "new", "make": "Hyundai", "model": "Kona", "year": 2026}], **about,
    )  # fmt: skip
    record(
        lead,
        Arrived(
            at=now, origin=origin, channel="adf", source="Website", envelope=str(uuid.uuid4()),
            by_phone=bool(phone), by_email=bool(email), brand="Hyundai", condition="new",
        ),
    )  # fmt: skip
    return lead
