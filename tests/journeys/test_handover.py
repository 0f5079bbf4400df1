"""From the BDC to the showroom and back: booked, accepted, confirmed, missed, recovered, on the screens' own ways."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.test import Client

from leadbell.appointment.models import Appointment
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from tests.conftest import lead_of, make_person

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def next_of(lead: Lead) -> tuple[str, int | None]:
    fresh = Lead.objects.get(pk=lead.pk)
    return fresh.next_kind, fresh.next_for


def test_a_customer_of_the_bdc_who_did_not_come_comes_after_all(
    signed_in: Callable[[Person], Client], northside: Organisation, rosa: Person, ines: Person
) -> None:
    northside.country, northside.hours = "", {"week": {key: [["00:00", "24:00"]] for key in DAYS}}
    northside.save()
    now = datetime.now(UTC)
    bea = make_person("Bea", northside, "bdc")
    lead = lead_of(northside, now=now - MINUTE)
    agent, salesperson = signed_in(bea), signed_in(rosa)

    agent.post(f"/leads/{lead.pk}/qualification/taking/")
    visit_at = (now + 3 * DAY).replace(minute=0, second=0, microsecond=0)
    agent.post(
        f"/leads/{lead.pk}/qualification/",
        {
            "goal": "appointment",
            "slot": f"{rosa.pk}@{visit_at.isoformat()}",
            "ask-trade_in": "yes",
            "told": "yes",
        },
    )
    run_due(datetime.now(UTC))
    assert next_of(lead) == ("accept", rosa.pk)

    salesperson.post(f"/leads/{lead.pk}/handover/acceptance/")
    run_due(datetime.now(UTC))
    assert next_of(lead) == ("confirm", rosa.pk)
    salesperson.post(f"/leads/{lead.pk}/first-contact/", {"went": "kept", "rdr": "understood"})
    assert locked(lead.pk).state == "confirmed"

    hours = northside.opening_hours
    today = hours.day_begins(hours.local_day(now))
    Appointment.objects.filter(lead=lead).update(starts_at=max(today, now - 5 * MINUTE))
    assert "Mr Okafor did not come" in salesperson.get("/reception/").content.decode()
    salesperson.post(f"/leads/{lead.pk}/appointment/attendance/", {"came": "no"})
    run_due(datetime.now(UTC))
    assert next_of(lead) == ("call", rosa.pk)
    assert "call at once, and offer a new time" in salesperson.get("/desk/").content.decode()
    assert "Did not come" in signed_in(ines).get("/floor/breaches/").content.decode()

    again = (now + 5 * DAY).replace(minute=0, second=0, microsecond=0)
    salesperson.post(f"/leads/{lead.pk}/appointment/", {"at": again.isoformat()})
    run_due(datetime.now(UTC))
    assert next_of(lead) == ("confirm", rosa.pk)
    assert "Did not come" not in signed_in(ines).get("/floor/breaches/").content.decode()
    standing = read_history(locked(lead.pk)).standing
    assert (standing.hands, standing.no_shows, standing.missed_at) == ((bea.pk, rosa.pk), 1, None)
