"""A lead of Meta's becomes a lead like every other; where its answers can't be fetched, nothing is lost."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import ProgrammingError, connection, transaction
from structlog.testing import capture_logs

from leadbell import roles
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.intake.actions import dismiss, release
from leadbell.intake.channels import NOT_FETCHED
from leadbell.intake.fetching import (
    AT_ONCE,
    FAILED,
    FETCHING,
    LEASE,
    MOST_LEADS,
    NO_ANSWERS_FOR_A_DAY,
    TOO_MANY_LEADS,
    Errand,
    claim_due,
    pause_after,
    renew_token,
    settle,
)
from leadbell.intake.graph import (
    NO_LEAD,
    NO_NUMBER,
    NO_SUCH_LEAD,
    NOT_ALLOWED,
    SILENT,
    TOKEN_REFUSED,
    Answered,
    Graph,
    Never,
    NotNow,
)
from leadbell.intake.models import Envelope, Inquiry, Source
from leadbell.intake.mouth import NOT_META, Mouth
from leadbell.intake.post import uuid7
from leadbell.lead.facts import Rang
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.metrics.now.ledger import ledger
from leadbell.refused import Refused
from leadbell.words import Words
from tests.conftest import NOON, make_source
from tests.fakes.front import Alone, Town, ask, serving, town
from tests.fakes.graph import TOKEN, GraphApi, error, graph_api, lead
from tests.waiting import eventually

SECOND, MINUTE, HOUR = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours"))
#: Beyond 2⁵³, and next to each other: a float would make one lead of them.
FIRST, SECOND_ONE, THIRD = "55459717045641545", "55459717045641546", "55459717045641547"
RENEWED = "EAAGm0PX4ZCpsBAKZCtheRenewedToken"


def webhook(*numbers: Any) -> bytes:
    """As Meta posts it: the numbers come as JSON numbers."""
    told = [
        {"field": "leadgen", "value": {"leadgen_id": n if isinstance(n, str) and not n.isdigit() else int(n),
            "page_id": 153125381133, "form_id": 123456789012345678, "created_time": 1795431598}}
        for n in numbers
    ]  # fmt: skip
    return json.dumps(
        {"object": "page", "entry": [{"id": "153125381133", "time": 1, "changes": told}]}
    ).encode()


@pytest.fixture
def meta() -> Iterator[GraphApi]:
    with graph_api() as api:
        yield api


@pytest.fixture
def page(northside: Organisation) -> Source:
    """Northside's page at Meta, with its access token."""
    source = make_source(northside, "Facebook")
    source.access_token = TOKEN
    source.save()
    return source


def arrive(
    to: Source, body: bytes, at: datetime = NOON, reason: Words | None = NOT_FETCHED.because
) -> Envelope:
    """As the mouth leaves it."""
    return Envelope.objects.create(
        id=uuid7(at), dealer=to.dealer, source=to, received_at=at, transport="http", content_type="application/json",
        body=body, sha256=hashlib.sha256(body).digest(), status="quarantined" if reason else "accepted",
        reason=msgspec.to_builtins(reason) if reason else None,
    )  # fmt: skip


def fetch(meta: GraphApi, now: datetime) -> list[str]:
    """Everything that is due is asked for once; the numbers asked for."""
    graph, asked = Graph(meta.url, 1), []
    while errands := claim_due(now, AT_ONCE):
        for errand in errands:
            asked.append(errand.number)
            settle(errand, graph.lead(errand.number, errand.token), now)
    return asked


def again(envelope: Envelope) -> Envelope:
    return Envelope.objects.get(pk=envelope.pk)


def said(envelope: Envelope) -> Words:
    return msgspec.convert(again(envelope).reason, Words)


def balanced() -> bool:
    pages = ledger()
    return bool(pages) and all(one.balanced for one in pages)


def test_a_number_becomes_a_lead_that_rings(rosa: Person, page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST))
    envelope = arrive(page, webhook(FIRST))
    assert fetch(meta, NOON) == [FIRST]
    run_due(NOON)
    envelope = again(envelope)
    assert (envelope.status, envelope.released_by, envelope.fetch_at) == ("read", None, None)
    assert bytes(envelope.body) == webhook(FIRST), "what arrived stays as it arrived"
    found = locked(Lead.objects.get().pk)
    assert (found.ringing, found.channel, found.source) == ([rosa.pk], "meta", "Facebook")
    assert found.customer.full_name == "Mr Okafor"
    assert found.customer.phones[0]["number"] == "+31612345678"
    inquiry = Inquiry.objects.get()
    assert inquiry.sender_id == FIRST
    assert inquiry.understood["provider"] == "Instagram"
    assert "Kona" in inquiry.understood["message"]
    assert balanced()


def test_without_a_token_it_waits_and_says_why(source: Source, meta: GraphApi) -> None:
    envelope = arrive(source, webhook(FIRST))
    assert fetch(meta, NOON) == []
    assert said(envelope) == NOT_FETCHED.because


@pytest.mark.parametrize("reason", [NOT_META, NO_SUCH_LEAD, FAILED])
def test_what_is_in_quarantine_for_another_reason_is_left_there(
    page: Source, meta: GraphApi, reason: Words
) -> None:
    envelope = arrive(page, webhook(FIRST), reason=reason)
    assert fetch(meta, NOON) == []
    assert said(envelope) == reason


def test_what_the_clockwork_itself_put_aside_is_fetched_too(
    rosa: Person, page: Source, meta: GraphApi
) -> None:
    meta.knows(lead(FIRST))
    arrive(page, webhook(FIRST), reason=None)
    run_due(NOON)
    assert fetch(meta, NOON) == [FIRST]
    run_due(NOON)
    assert Lead.objects.get().ringing == [rosa.pk]


@pytest.mark.parametrize(
    ("status", "body", "because", "stops"),
    [
        (400, error(190), TOKEN_REFUSED, True),
        (403, error(200), NOT_ALLOWED, True),
        (400, error(100, error_subcode=33), NO_SUCH_LEAD, True),
        (500, b"", SILENT, False),
        (200, b"<html>", NO_LEAD, False),
        (200, b"x" * 1_000_000, NO_LEAD, False),
        (302, b"", NO_LEAD, False),
    ],
)
def test_what_is_wrong_stands_on_the_inbox(
    page: Source, meta: GraphApi, status: int, body: Any, because: Words, stops: bool
) -> None:
    meta.says(FIRST, status, body)
    envelope = arrive(page, webhook(FIRST))
    fetch(meta, NOON)
    kept = again(envelope)
    assert kept.status == "quarantined"
    if stops:
        assert (said(envelope), kept.fetch_at) == (because, None)
        assert fetch(meta, NOON + 48 * HOUR) == [], "asking again is no use"
    else:
        at = (NOON + 5 * SECOND).isoformat()
        assert said(envelope) == Words(because.text, {"again_at": at})
        assert str(said(envelope)).endswith(at)
        assert kept.fetch_at == NOON + 5 * SECOND
        assert fetch(meta, NOON + 4 * SECOND) == []
        meta.knows(lead(FIRST))
        assert fetch(meta, NOON + 5 * SECOND) == [FIRST]
        assert again(envelope).status == "accepted"


def test_the_pauses_grow_to_an_hour_and_end_after_a_day() -> None:
    pauses = [pause_after(tries) for tries in range(1, 60)]
    waited = [pause for pause in pauses if pause is not None]
    assert waited[:11] == [timedelta(seconds=5 * 2**n) for n in range(10)] + [HOUR]
    assert set(waited[10:]) == {HOUR}
    assert 23 * HOUR < sum(waited, timedelta()) <= 24 * HOUR
    assert pauses[len(waited) :] == [None] * (59 - len(waited))


def test_after_a_day_it_is_left_to_a_person(page: Source, meta: GraphApi) -> None:
    meta.says(FIRST, 500, b"")
    envelope = arrive(page, webhook(FIRST))
    now = NOON
    while (kept := again(envelope)).fetch_at or not kept.fetch_tries:
        now = kept.fetch_at or now
        assert fetch(meta, now) == [FIRST]
    assert (kept.status, said(envelope)) == ("quarantined", NO_ANSWERS_FOR_A_DAY)
    assert NOON + 23 * HOUR < now <= NOON + 24 * HOUR
    assert fetch(meta, now + 48 * HOUR) == []
    assert balanced()


def test_one_lead_that_cant_be_had_holds_up_no_other(rosa: Person, page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST), lead(THIRD, "A. Nowak", "+48601234567"))
    meta.says(SECOND_ONE, 500, b"")
    envelope = arrive(page, webhook(FIRST, SECOND_ONE, FIRST, THIRD))
    assert sorted(fetch(meta, NOON)) == [FIRST, SECOND_ONE, THIRD]
    run_due(NOON)
    assert {one.customer.full_name for one in Lead.objects.all()} == {"Mr Okafor", "A. Nowak"}
    assert bytes(again(envelope).body) == webhook(FIRST, SECOND_ONE, FIRST, THIRD)
    waiting = Envelope.objects.get(status="quarantined")
    assert (waiting.dealer, waiting.source, waiting.received_at) == (page.dealer, page, NOON)
    assert said(waiting).text == SILENT.text
    assert SECOND_ONE in bytes(waiting.body).decode(), "a person sees which one"
    [today] = ledger()
    assert (today.received, today.open, today.quarantined, today.balanced) == (3, 2, 1, True)

    meta.knows(lead(SECOND_ONE, "B. Jansen", "+31687654321"))
    assert fetch(meta, NOON + 5 * SECOND) == [SECOND_ONE]
    run_due(NOON + 5 * SECOND)
    assert sorted(Inquiry.objects.values_list("sender_id", flat=True)) == [FIRST, SECOND_ONE, THIRD]
    assert balanced()


@pytest.mark.slow
def test_a_delivery_of_a_thousand_loses_none(page: Source) -> None:
    numbers = [str(int(FIRST) + n) for n in range(MOST_LEADS)]
    arrive(page, webhook(*numbers))
    claimed = []
    while errands := claim_due(NOON, 400):
        claimed += [errand.number for errand in errands]
    assert sorted(claimed) == numbers
    assert balanced()


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (webhook(*range(1, MOST_LEADS + 2)), TOO_MANY_LEADS),
        (webhook("not a number"), NO_NUMBER),
        (b'{"leadgen_id": 5.5459717045641545e16}', NO_NUMBER),
        (b'{"leadgen_id": "../me"}', NO_NUMBER),
        (b'{"leadgen_id": null}', NO_NUMBER),
        (b'{"field_data": [{"name": "email", "values": []}]}', NO_NUMBER),
        (b"no notice at all", NO_NUMBER),
    ],
    ids=["too many", "a word", "a float", "a path", "null", "no number", "no JSON"],
)
def test_what_tells_of_no_lead_that_meta_could_know_says_so(
    page: Source, meta: GraphApi, body: bytes, because: Words
) -> None:
    envelope = arrive(page, body)
    assert fetch(meta, NOON) == []
    assert said(envelope) == because
    assert (again(envelope).status, Envelope.objects.count(), meta.asked) == ("quarantined", 1, [])


def test_a_bad_number_in_the_middle_stops_only_itself(page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST), lead(THIRD))
    arrive(page, webhook(FIRST, "oops", THIRD))
    assert sorted(fetch(meta, NOON)) == [FIRST, THIRD]
    assert said(Envelope.objects.get(status="quarantined")) == NO_NUMBER


def test_the_same_webhook_again_is_a_duplicate(rosa: Person, page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST))
    for at in (NOON, NOON + MINUTE):
        arrive(page, webhook(FIRST), at)
        fetch(meta, at)
        run_due(at)
    assert Lead.objects.count() == 1
    assert [one.status for one in Envelope.objects.order_by("received_at")] == ["read", "duplicate"]
    assert balanced()


def test_answers_without_a_way_to_contact_anybody_are_kept_for_a_person(page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST, phone=""))
    envelope = arrive(page, webhook(FIRST))
    fetch(meta, NOON)
    kept = again(envelope)
    assert (kept.status, kept.fetch_at) == ("quarantined", None)
    assert str(said(envelope)) == "no way to contact anybody: no phone number, no e-mail address"
    assert b"Mr Okafor" in bytes(kept.corrected or b"")
    renew_token(page, RENEWED, NOON)
    assert fetch(meta, NOON + 48 * HOUR) == []
    assert str(said(envelope)).startswith("no way to contact anybody"), "another token changes nothing"


def test_after_a_kill_the_fetch_is_repeated_and_the_lead_is_one(
    rosa: Person, page: Source, meta: GraphApi
) -> None:
    meta.knows(lead(FIRST))
    arrive(page, webhook(FIRST))
    [killed] = claim_due(NOON, AT_ONCE)
    assert claim_due(NOON + LEASE - SECOND, AT_ONCE) == []
    [errand] = claim_due(NOON + LEASE, AT_ONCE)
    assert errand == killed
    answer = Graph(meta.url).lead(errand.number, errand.token)
    for _ in range(2):
        settle(errand, answer, NOON + LEASE)
        run_due(NOON + LEASE)
    found = Lead.objects.get()
    assert found.ringing == [rosa.pk]
    assert len(read_history(locked(found.pk)).of(Rang)) == 1
    assert (Inquiry.objects.count(), balanced()) == (1, True)


def test_what_is_being_fetched_is_not_claimed_again(page: Source) -> None:
    envelope = arrive(page, webhook(FIRST))
    assert claim_due(NOON, AT_ONCE, running={envelope.pk}) == []
    assert claim_due(NOON, 0) == []


@pytest.mark.parametrize("answer", [Answered(lead(FIRST)), Never(NO_SUCH_LEAD), NotNow(SILENT)])
def test_a_person_who_was_quicker_is_right(
    rosa: Person, ines: Person, page: Source, answer: Answered | Never | NotNow
) -> None:
    dismissed, typed = arrive(page, webhook(FIRST)), arrive(page, webhook(SECOND_ONE))
    errands = claim_due(NOON, AT_ONCE)
    dismiss(dismissed, ines.pk, NOON)
    release(typed, json.dumps({"name": "Mr Okafor", "phone": "06 12345678"}).encode(), ines.pk, NOON)
    run_due(NOON)
    for errand in errands:
        settle(errand, answer, NOON + SECOND)
    run_due(NOON + SECOND)
    assert (again(dismissed).status, again(dismissed).dismissed_at) == ("quarantined", NOON)
    assert (again(typed).status, again(typed).released_by) == ("read", ines.pk)
    assert claim_due(NOON + LEASE, AT_ONCE) == []
    assert (Lead.objects.count(), balanced()) == (1, True)


def test_a_renewed_token_fetches_what_waits(rosa: Person, page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST))
    meta.token = RENEWED
    envelope = arrive(page, webhook(FIRST))
    fetch(meta, NOON)
    assert said(envelope) == TOKEN_REFUSED
    assert isinstance(renew_token(page, f" {RENEWED}\n", NOON + 30 * HOUR), Source)
    assert said(envelope) == FETCHING
    assert fetch(meta, NOON + 30 * HOUR) == [FIRST]
    run_due(NOON + 30 * HOUR)
    assert Lead.objects.count() == 1


def test_a_renewed_token_begins_the_pauses_anew(page: Source, meta: GraphApi) -> None:
    meta.says(FIRST, 500, b"")
    envelope = arrive(page, webhook(FIRST))
    now = NOON
    for _ in range(4):
        fetch(meta, now)
        now = again(envelope).fetch_at or now
    assert (now - NOON).seconds == 5 + 10 + 20 + 40
    renew_token(page, TOKEN, now)
    fetch(meta, now)
    assert again(envelope).fetch_at == now + 5 * SECOND


def test_the_first_token_fetches_what_came_before_it(source: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST))
    arrive(source, webhook(FIRST))
    other = arrive(source, b"%PDF", reason=NOT_META)
    renew_token(source, TOKEN, NOON + HOUR)
    assert fetch(meta, NOON + HOUR) == [FIRST]
    assert said(other) == NOT_META


def test_an_answer_to_the_old_token_doesnt_stop_the_new_one(page: Source, meta: GraphApi) -> None:
    envelope = arrive(page, webhook(FIRST))
    [errand] = claim_due(NOON, AT_ONCE)
    renew_token(page, RENEWED, NOON)
    settle(errand, Never(TOKEN_REFUSED), NOON + SECOND)
    [errand] = claim_due(NOON + SECOND, AT_ONCE)
    assert (errand.envelope, errand.token) == (envelope.pk, RENEWED)


def test_taking_the_token_away_ends_the_fetching(page: Source, meta: GraphApi) -> None:
    envelope = arrive(page, webhook(FIRST))
    [errand] = claim_due(NOON, AT_ONCE)
    renew_token(page, "", NOON)
    settle(errand, NotNow(SILENT), NOON + SECOND)
    assert said(envelope) == NOT_FETCHED.because
    assert fetch(meta, NOON + HOUR) == []


@pytest.mark.parametrize(
    "token", ["short", "two words are no token", "line\r\nX-More: header", "ключ-от-страницы"]
)
def test_what_is_no_token_is_refused(page: Source, token: str) -> None:
    assert isinstance(renew_token(page, token, NOON), Refused)
    page.refresh_from_db()
    assert page.access_token == TOKEN


def test_the_mouth_reads_keys_and_no_tokens(page: Source) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_mouth")
        cursor.execute("select id, dealer_id, key, secret, revoked_at from leadbell_source")
        assert cursor.fetchall()
        for wanted in ("access_token", "*", "s"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(f"select {wanted} from leadbell_source s")


def test_the_clockwork_may_do_all_this(rosa: Person, page: Source, meta: GraphApi) -> None:
    meta.knows(lead(FIRST))
    arrive(page, webhook(FIRST, SECOND_ONE))
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        assert sorted(fetch(meta, NOON)) == [FIRST, SECOND_ONE]
        run_due(NOON)
        cursor.execute("reset role")
    assert (Lead.objects.count(), Envelope.objects.filter(status="quarantined").count()) == (1, 1)


def test_nobody_reads_the_token_in_a_log(page: Source, meta: GraphApi) -> None:
    meta.says(SECOND_ONE, 500, b"")
    arrive(page, webhook(FIRST, SECOND_ONE))
    with capture_logs() as lines:
        fetch(meta, NOON)
    assert [one["event"] for one in lines if one["event"] != "quarantined"] == ["not fetched", "not fetched"]
    assert TOKEN not in str(lines)
    assert TOKEN not in repr(Errand(uuid7(NOON), FIRST, TOKEN))


# From here on everything is committed, on connections and in processes of their own.


@pytest.fixture
def here(cluster: roles.Urls, django_db_setup: None) -> Iterator[Town]:
    with town(cluster) as there:
        try:
            yield there
        finally:
            forget(there)


def forget(there: Town) -> None:
    ours = [there.organisations]
    there.db.execute("delete from leadbell_dayplan where dealer_id = any(%s)", ours)
    there.db.execute("delete from leadbell_inquiry where dealer_id = any(%s)", ours)
    there.db.execute("delete from leadbell_fact where dealer_id = any(%s)", ours)
    there.db.execute("delete from leadbell_lead where dealer_id = any(%s)", ours)
    there.db.execute("delete from leadbell_handle where dealer_id = any(%s)", ours)
    there.db.execute("delete from leadbell_customer where dealer_id = any(%s)", ours)


@pytest.fixture
def facebook(here: Town) -> tuple[int, str]:
    """(source, key) of Northside's page at Meta, with app secret and access token; always open, Rosa at work."""
    dealer = here.dealer()
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    hours = {"week": {day: [["00:00", "24:00"]] for day in days}}
    here.db.execute("update leadbell_organisation set hours = %s where id = %s", [json.dumps(hours), dealer])
    here.person(dealer, "Rosa")
    source, key = here.source(dealer, "the app secret")
    here.db.execute("update leadbell_source set access_token = %s where id = %s", [TOKEN, source])
    return source, key


@contextmanager
def clockwork(meta: GraphApi) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {"LEADBELL_ROLE": "clockwork", "LEADBELL_META_URL": meta.url}
    process = subprocess.Popen(
        [sys.executable, "-m", "leadbell.followup"], env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def post_signed(port: int, key: str, body: bytes) -> str:
    signature = "sha256=" + hmac.new(b"the app secret", body, hashlib.sha256).hexdigest()
    answer = ask(port, f"/in/{key}", body, content_type="application/json", x_hub_signature_256=signature)
    assert answer.status in (200, 202)
    return str(answer.json["envelope"])


def leads_of(here: Town, source: int) -> list[dict[str, Any]]:
    asked = """select i.sender_id, l.state, l.id from leadbell_inquiry i join leadbell_lead l on l.id = i.lead_id
        where i.source_id = %s order by i.sender_id"""
    return list(here.db.execute(asked, [source]))


@pytest.mark.slow
def test_from_metas_webhook_to_the_ring(here: Town, facebook: tuple[int, str], meta: GraphApi) -> None:
    source, key = facebook
    meta.knows(lead(FIRST), lead(THIRD, "A. Nowak", "+48601234567"))
    with serving(Alone(lambda: Mouth(here.urls.mouth, 0))) as port, clockwork(meta) as process:
        challenge = f"/in/{key}?hub.mode=subscribe&hub.verify_token={key}&hub.challenge=1158201444"
        assert ask(port, challenge, method="GET").body == b"1158201444"
        post_signed(port, key, webhook(FIRST))
        assert eventually(lambda: leads_of(here, source))
        forged = ask(
            port,
            f"/in/{key}",
            webhook(THIRD),
            x_hub_signature_256="sha256=0",
            content_type="application/json",
        )
        assert forged.json["status"] == "quarantined"
        post_signed(port, key, webhook(SECOND_ONE))
        assert eventually(lambda: meta.asked_for(SECOND_ONE))
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, "a clean stop, with the fetching thread"
    assert TOKEN.encode() not in said
    assert b"not fetched" in said
    assert [(one["sender_id"], one["state"]) for one in leads_of(here, source)] == [(FIRST, "ringing")]
    reasons = sorted(e["reason"]["text"] for e in here.envelopes(source) if e["status"] == "quarantined")
    assert reasons == sorted([NOT_META.text, NO_SUCH_LEAD.text])
    assert meta.asked_for(THIRD) == 0, "what Meta didn't sign is not fetched"


@pytest.mark.slow
def test_a_clockwork_killed_while_it_fetches_loses_nothing(
    here: Town, facebook: tuple[int, str], meta: GraphApi
) -> None:
    source, key = facebook
    meta.hangs(FIRST)
    with serving(Alone(lambda: Mouth(here.urls.mouth, 0))) as port, clockwork(meta) as process:
        post_signed(port, key, webhook(FIRST))
        assert eventually(lambda: meta.asked_for(FIRST))
        process.kill()
        process.wait(10)
    [envelope] = here.envelopes(source)
    assert (envelope["status"], envelope["reason"]["text"]) == ("quarantined", FETCHING.text)
    meta.knows(lead(FIRST))
    # The clock is not ours here: the lease is over as if half a minute had gone by.
    here.db.execute(
        "update leadbell_envelope set fetch_at = fetch_at - %s where source_id = %s", [LEASE, source]
    )
    with clockwork(meta):
        assert eventually(lambda: leads_of(here, source))
    assert [one["sender_id"] for one in leads_of(here, source)] == [FIRST]


@pytest.mark.slow
def test_a_slow_lead_holds_up_no_other_and_a_lost_database_is_found_again(
    here: Town, facebook: tuple[int, str], meta: GraphApi
) -> None:
    source, key = facebook
    meta.hangs(FIRST)
    meta.knows(lead(SECOND_ONE), lead(THIRD, "A. Nowak", "+48601234567"))
    with serving(Alone(lambda: Mouth(here.urls.mouth, 0))) as port, clockwork(meta):
        post_signed(port, key, webhook(FIRST))
        assert eventually(lambda: meta.asked_for(FIRST))
        post_signed(port, key, webhook(SECOND_ONE))
        assert eventually(lambda: leads_of(here, source))
        with here.away(roles.CLOCKWORK):
            post_signed(port, key, webhook(THIRD))
        assert eventually(lambda: len(leads_of(here, source)) == 2)
    assert [one["sender_id"] for one in leads_of(here, source)] == [SECOND_ONE, THIRD]
