"""Tenancy: the doors, and the database behind them."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.doors import NoSuchLead, dealers_of, leads_for, open_lead, take_lead, tenant
from leadbell.lead.models import Customer, Fact, Lead
from tests.conftest import NOON, lead_of, make_dealer, make_person

WALLED = {
    table
    for migration in (
        "0002_walls_between_tenants",
        "0008_calls",
        "0009_consents",
        "0010_visits",
        "0011_unlost",
        "0012_messages",
        "0013_pulse",
        "0014_days_planned",
        "0016_rows_of_leads",
        "0018_chats",
        "0019_ways_compared",
        "0023_figures_numbered",
        "0024_reviews",
        "0025_free_and_busy",
        "0032_videos",
        "0027_importers_leads",
        "0029_cars_seen",
        "0035_heard_by_machine",
        "0037_dms_told",
        "0040_transcripts",
        "0041_dealers_scripts",
        "0043_numbers_of_their_own",
    )
    for table in import_module(f"leadbell.migrations.{migration}").TENANT_TABLES
}


def test_every_table_with_a_dealer_is_walled(db: None) -> None:
    with_dealer = {
        model._meta.db_table
        for model in apps.get_app_config("leadbell").get_models()
        if any(field.name == "dealer" for field in model._meta.fields)
    }
    partitioned = {"leadbell_beacon"}
    assert with_dealer | partitioned == WALLED
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relrowsecurity and relkind in ('r', 'p')")
        assert {row[0] for row in cursor} == WALLED
        cursor.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where a.attname = 'dealer_id' and c.relkind in ('r', 'p') and not c.relispartition "
            "and c.relnamespace = 'public'::regnamespace"
        )
        assert {row[0] for row in cursor} == WALLED


@pytest.mark.parametrize("role", ["leadbell_app", "leadbell_clockwork"])
def test_nobody_reads_around_the_wall_into_a_partition(db: None, role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relname like 'leadbell_beacon\\_%' and relkind in ('r', 'p')"
        )
        for (leaf,) in cursor.fetchall():
            cursor.execute("select has_table_privilege(%s, %s, 'select')", [role, leaf])
            assert cursor.fetchone() == (False,), leaf


def test_the_app_sees_its_dealers_rows_only(northside: Organisation, southside: Organisation) -> None:
    ours, theirs = lead_of(northside), lead_of(southside)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
    with tenant([northside.pk]):
        assert list(Lead.objects.values_list("pk", flat=True)) == [ours.pk]
        assert (
            Fact.objects.exclude(lead=ours).count() == Customer.objects.exclude(dealer=northside).count() == 0
        )
        assert Lead.objects.filter(pk=theirs.pk).update(message="ours now") == 0
    with tenant([]):
        assert Lead.objects.count() == 0
    with pytest.raises(ProgrammingError, match="row-level security"), tenant([northside.pk]):
        Customer.objects.create(dealer=southside, full_name="smuggled", created_at=NOON)


def test_without_a_door_there_are_no_rows(northside: Organisation) -> None:
    lead_of(northside)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', '', true)")
        cursor.execute("set local role leadbell_app")
        assert Lead.objects.count() == 0


@pytest.mark.parametrize(
    "table", ["leadbell_lead", "leadbell_customer", "leadbell_fact", "leadbell_person", "django_session"]
)
def test_the_mouth_cant_read_a_lead(northside: Organisation, table: str) -> None:
    lead_of(northside)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_mouth")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(f"select count(*) from {table}")


def test_somebody_elses_lead_does_not_exist(northside: Organisation, rosa: Person, lena: Person) -> None:
    lead = lead_of(northside)
    assert open_lead(rosa, lead.pk).pk == take_lead(rosa, lead.pk).pk == lead.pk
    for door in (open_lead, take_lead):
        with pytest.raises(NoSuchLead):
            door(lena, lead.pk)
    assert not leads_for(lena).exists()


def test_a_group_sees_its_dealers_and_an_importer_sees_no_customers(db: None) -> None:
    importer = Organisation.objects.create(
        kind="importer", name="Aurora", country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
    group = Organisation.objects.create(
        kind="group", name="Noord", country="NL", zone="Europe/Amsterdam", parent=importer, created_at=NOON
    )
    one, two, other = make_dealer("One", group), make_dealer("Two", group), make_dealer("Other", importer)
    head = make_person("Head", group, "manager")
    assert dealers_of(head) == (one.pk, two.pk)
    assert dealers_of(make_person("Brand", importer, "importer")) == ()
    assert other.pk not in dealers_of(head)
