"""The Phone page: lines, rules, numbers, sentences; and everybody's own phone."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.dealers.models import Person
from leadbell.desk.dealer.phone import SAID_WHEN
from leadbell.intake.models import Source
from leadbell.ring.claiming import claim
from leadbell.ring.models import Call, PhoneLine, PhoneRules, TrackingNumber
from leadbell.ring.pressing import accepted
from leadbell.ring.prompts import SENTENCES
from leadbell.ring.rules import recording_law, wrong_in_sentence
from leadbell.ring.wanted import rules_of
from tests.conftest import NOON, make_person, make_source
from tests.desk.phones import line_of, tell, with_phone

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LINE = {"kind": "asterisk", "caller_id": "020 123 4567", "trunk": "trunk"}
RULES = {
    "recording": "announced", "keep_days": "30", "countries": "be, de", "quiet_from": "20:30", "quiet_until": "09:00",
}  # fmt: skip


@pytest.fixture
def manager(ines, signed_in):
    return signed_in(ines)


@pytest.fixture
def at(northside):
    """Addresses below the dealer's Phone page."""
    return lambda path="": f"/dealers/{northside.pk}/phone/{path}"


def page_of(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def refused(client, path, said, because):
    answer = client.post(path, said)
    assert answer.status_code == 409
    page = " ".join(answer.content.decode().split())
    assert because in page
    return page


# Who may


WRITES = (
    ("lines/", LINE), ("lines/asterisk/", {"enabled": "0"}), ("lines/asterisk/place/", {"where": "up"}),
    ("rules/", RULES), ("sentences/", {"language": "nl", "say-busy": "Bezet"}),
    ("numbers/", {"number": "+31201234568", "name": "Website"}),
)  # fmt: skip


def test_only_its_managers_change_the_phone(northside, southside, rosa, signed_in, at):
    line_of(northside)
    number = TrackingNumber.objects.create(
        dealer=northside, number="+31201234560", source=1, name="Ad", created_at=NOON
    )
    olaf = signed_in(make_person("Olaf", southside, "manager"))
    bea, salesperson = signed_in(make_person("Bea", northside, "bdc")), signed_in(rosa)
    for path, said in (*WRITES, (f"numbers/{number.pk}/removal/", {})):
        assert salesperson.post(at(path), said).status_code == 403, path
        assert bea.post(at(path), said).status_code == 403, path
        assert olaf.post(at(path), said).status_code == 404, path
    assert salesperson.get(at()).status_code == 403
    assert olaf.get(at()).status_code == 404
    assert PhoneLine.objects.get().enabled
    assert not PhoneRules.objects.exists()
    assert TrackingNumber.objects.get().removed_at is None


def test_a_manager_reaches_only_the_dealers_own_lines_and_numbers(northside, southside, manager, at):
    line_of(southside)
    number = TrackingNumber.objects.create(
        dealer=southside, number="+31201234560", source=1, name="Ad", created_at=NOON
    )
    assert manager.post(at("lines/asterisk/"), {"enabled": "0"}).status_code == 404
    assert manager.post(at("lines/asterisk/place/"), {"where": "up"}).status_code == 404
    assert manager.post(at(f"numbers/{number.pk}/removal/")).status_code == 404
    assert PhoneLine.objects.get().enabled


def test_nothing_is_inline(manager, at):
    page = page_of(manager, at())
    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page


# Lines


def test_add_a_line(northside, manager, at):
    assert "Add a line" in page_of(manager, at())
    assert manager.post(at("lines/"), LINE).status_code == 303
    line = PhoneLine.objects.get()
    assert (line.dealer, line.kind, line.caller_id, line.trunk) == (
        northside,
        "asterisk",
        "+31201234567",
        "trunk",
    )
    page = page_of(manager, at())
    assert "the switchboard has not been seen yet" in page
    assert '<option value="asterisk"' not in page
    refused(manager, at("lines/"), LINE, "This line is there already.")


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"caller_id": "x"}, "Nobody can dial “x”."),
        ({"caller_id": "0900 1234"}, "this number costs extra"),
        ({"caller_id": "+44 20 7946 0958"}, "a number in another country (GB)"),
        ({"caller_id": "+881612345678"}, "a satellite or worldwide number"),
        ({"trunk": "trunk,1)\nsame"}, "A trunk’s name has letters, digits, dots and dashes only."),
        ({"kind": "pigeon"}, "Choose what kind of line it is."),
    ],
)
def test_a_line_that_can_not_be(manager, at, said, because):
    page = refused(manager, at("lines/"), LINE | said, because)
    assert not PhoneLine.objects.exists()
    if "caller_id" in said:
        assert f'value="{said["caller_id"]}"' in page, "what was typed stays"


def test_extensions_are_rung_where_a_line_has_them(northside, manager, at, rosa):
    rosa.extension, rosa.phone = "rosa", "+31612345678"
    rosa.save()
    assert "rosa </span>" in page_of(manager, at())
    said = LINE | {"kind": "twilio", "trunk": ""}
    assert manager.post(at("lines/"), said).status_code == 303
    assert "SIP domain" in page_of(manager, at())
    assert "rosa </span>" not in page_of(manager, at())
    assert "+31 6 12345678 </span>" in page_of(manager, at())
    domain = said | {"trunk": "northside.sip.twilio.com", "enabled": "1"}
    assert manager.post(at("lines/twilio/"), domain).status_code == 303
    assert PhoneLine.objects.get().trunk == "northside.sip.twilio.com"
    assert "rosa </span>" in page_of(manager, at())


def test_change_and_switch_off(northside, manager, at):
    line = line_of(northside, down_since=NOON, down_because={"text": "the phone line doesn't answer"})
    assert "because the phone line doesn" in page_of(manager, at())
    assert (
        manager.post(at("lines/asterisk/"), {"caller_id": "", "trunk": "b", "enabled": "0"}).status_code
        == 303
    )
    line.refresh_from_db()
    assert (line.enabled, line.caller_id, line.trunk) == (False, "", "b")
    assert "switched off" in page_of(manager, at())
    manager.post(at("lines/asterisk/"), {"caller_id": "", "trunk": "b", "enabled": "1"})
    line.refresh_from_db()
    assert (line.enabled, line.down_since, line.seen_at) == (True, None, None)
    refused(
        manager, at("lines/asterisk/"), {"caller_id": "0900 1234", "enabled": "1"}, "this number costs extra"
    )


def test_lines_change_places(northside, manager, at):
    line_of(northside, "asterisk", place=1)
    line_of(northside, "twilio", place=2)
    assert manager.post(at("lines/twilio/place/"), {"where": "up"}).status_code == 303
    order = list(PhoneLine.objects.order_by("place").values_list("kind", flat=True))
    assert order == ["twilio", "asterisk"]
    refused(manager, at("lines/twilio/place/"), {"where": "up"}, "move further")
    manager.post(at("lines/twilio/place/"), {"where": "down"})
    assert list(PhoneLine.objects.order_by("place").values_list("kind", flat=True)) == ["asterisk", "twilio"]


# Rules


def test_rules_are_kept(northside, manager, at):
    assert manager.post(at("rules/"), RULES).status_code == 303
    rules = rules_of(northside.pk)
    assert (rules.recording, rules.keep_days, rules.countries) == ("announced", 30, ["BE", "DE"])
    assert (rules.quiet_from, rules.quiet_until) == (20 * 60 + 30, 9 * 60)
    page = page_of(manager, at())
    for said in (
        'value="announced" checked',
        'value="30"',
        'value="BE, DE"',
        'value="20:30"',
        'value="09:00"',
    ):
        assert said in page, said


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"recording": "silent"}, "recording without telling is not allowed"),
        ({"recording": "x"}, "Choose whether calls are recorded."),
        ({"keep_days": "0"}, "kept for 1 to 3650 days"),
        ({"keep_days": "many"}, "kept for 1 to 3650 days"),
        ({"countries": "BE, Holland"}, "“HOLLAND” is no country"),
        ({"quiet_from": ""}, "Write quiet hours as times of day."),
    ],
)
def test_rules_that_can_not_be(manager, at, said, because):
    refused(manager, at("rules/"), RULES | said, because)
    assert not PhoneRules.objects.exists()


def test_what_was_chosen_stands_there_still_beside_a_refusal(northside, manager, at):
    ours = make_source(northside, origin="call")
    line_of(northside)
    page = refused(manager, at("rules/"), RULES | {"keep_days": "0"}, "kept for 1 to 3650 days")
    assert 'value="announced" checked' in page
    said = {"caller_id": "12", "trunk": "trunk", "enabled": "0"}
    page = refused(manager, at("lines/asterisk/"), said, "Nobody can dial")
    assert 'name="enabled" value="0" checked' in page
    said = {"number": "12", "name": "Van", "source": str(ours.pk)}
    page = refused(manager, at("numbers/"), said, "is no phone number")
    assert f'<option value="{ours.pk}" selected>' in page


@pytest.mark.parametrize(
    ("country", "says", "may"),
    [
        ("NL", "not allowed", False), ("BE", "not allowed", False), ("DE", "has to agree", False),
        ("FR", "has to agree", False), ("GB", "not allowed", False), ("US", "California", True), ("ZA", "ask", True),
    ],
)  # fmt: skip
def test_the_law_on_recording(country, says, may):
    law = recording_law(country)
    assert says in str(law.says)
    assert law.may_be_silent is may


def test_silence_is_offered_where_it_may_be(northside, manager, at):
    assert 'value="silent"' not in page_of(manager, at())
    northside.country = "US"
    northside.save()
    assert 'value="silent"' in page_of(manager, at())
    assert manager.post(at("rules/"), RULES | {"recording": "silent"}).status_code == 303


# Sentences


def test_own_sentences_per_language(northside, manager, at):
    own = "Hallo: %(name)s wil een %(car)s, %(ago)s geleden. Druk 1."
    said = {"language": "nl", "say-whisper_lead": own}
    assert manager.post(at("sentences/"), said).status_code == 303
    assert PhoneRules.objects.get().prompts == {"whisper_lead": {"nl": own}}
    page = page_of(manager, f"{at()}?language=nl")
    assert "Hallo: Jan Jansen wil een Hyundai Kona, 8 " in page
    assert "wil een" not in page_of(manager, f"{at()}?language=en")
    manager.post(at("sentences/"), {"language": "en", "say-busy": "Busy. Later."})
    manager.post(at("sentences/"), {"language": "nl"})
    assert PhoneRules.objects.get().prompts == {"busy": {"en": "Busy. Later."}}


def test_a_preview_changes_nothing(manager, at):
    answer = manager.post(
        at("sentences/"), {"language": "en", "preview": "1", "say-announce": "Taped for %(name)s."}
    )
    assert answer.status_code == 200
    assert "Taped for Jan Jansen." in answer.content.decode()
    assert not PhoneRules.objects.exists()


@pytest.mark.parametrize("button", [{}, {"preview": "1"}])
@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("Hello %(phone)s", "Nobody knows “%(phone)s”"), ("Hello %()s", "Nobody knows “%()s”"),
        ("100 % sure", "stands alone"), ("%s", "stands alone"), ("%(name)d", "stands alone"),
        ("a" * 301, "at most 300 letters"),
    ],
)  # fmt: skip
def test_a_sentence_that_can_not_be_spoken(manager, at, text, because, button):
    refused(manager, at("sentences/"), {"language": "en", "say-busy": text} | button, because)
    assert not PhoneRules.objects.exists()


def test_every_sentence_of_ours_can_be_spoken():
    assert set(SAID_WHEN) == set(SENTENCES)
    for one in SENTENCES.values():
        assert wrong_in_sentence(one.text, frozenset({"name", "car", "ago"})) is None
    assert wrong_in_sentence("100 %% sure", frozenset()) is None


# Numbers


def test_a_number_makes_a_channel_of_its_name(northside, manager, at):
    assert manager.post(at("numbers/"), {"number": "020 123 4568", "name": "AutoTrader"}).status_code == 303
    number, source = TrackingNumber.objects.get(), Source.objects.get()
    assert (number.number, number.name, number.source) == ("+31201234568", "AutoTrader", source.pk)
    assert (source.name, source.origin, source.dealer) == ("AutoTrader", "call", northside)
    page = page_of(manager, at())
    assert "+31 20 123 4568" in page
    assert "channel “AutoTrader”" in page


def test_a_number_of_a_channel_that_is_there(northside, southside, manager, at):
    ours, website = make_source(northside, "Calls", "call"), make_source(northside)
    foreign = make_source(southside, "Theirs", "call")
    said = {"number": "+31201234568", "name": "Van"}
    for wrong in (website, foreign):
        refused(manager, at("numbers/"), said | {"source": wrong.pk}, "Choose the channel")
    manager.post(at("numbers/"), said | {"source": ours.pk})
    assert TrackingNumber.objects.get().source == ours.pk
    assert Source.objects.count() == 3


def test_a_number_that_can_not_be(northside, southside, manager, at):
    said = {"number": "+31201234568", "name": "Van"}
    refused(manager, at("numbers/"), said | {"name": " "}, "Give the number a name")
    refused(manager, at("numbers/"), said | {"number": "12"}, "is no phone number")
    TrackingNumber.objects.create(
        dealer=southside, number=said["number"], source=1, name="Ad", created_at=NOON
    )
    refused(manager, at("numbers/"), said, "This number is in use already.")
    assert not Source.objects.exists(), "what was refused leaves nothing"


def test_a_number_goes_and_comes_back(manager, at):
    said = {"number": "+31201234568", "name": "Van"}
    manager.post(at("numbers/"), said)
    refused(manager, at("numbers/"), said, "This number is there already.")
    number = TrackingNumber.objects.get()
    assert manager.post(at(f"numbers/{number.pk}/removal/")).status_code == 303
    assert TrackingNumber.objects.get().removed_at is not None
    assert manager.post(at(f"numbers/{number.pk}/removal/")).status_code == 404
    assert "No number yet" in page_of(manager, at())
    manager.post(at("numbers/"), said | {"name": "Bus"})
    number.refresh_from_db()
    assert (number.name, number.removed_at) == ("Bus", None)


# Whose phone rings where


def about(person, **said):
    return {"name": person.name, "email": person.email, "role": person.role, "language": "en"} | said


def test_extension_and_phone_are_edited_with_the_person(northside, rosa, samir, manager, at):
    path = f"/dealers/{northside.pk}/people/{rosa.pk}/"
    assert manager.post(path, about(rosa, phone="06 1111 1117", extension="rosa-1")).status_code == 303
    rosa.refresh_from_db()
    assert (rosa.phone, rosa.extension) == ("+31611111117", "rosa-1")
    assert 'value="rosa-1"' in page_of(manager, path)
    refused(
        manager, path, about(rosa, extension="a@b"), "An extension has letters, digits, dots and dashes only."
    )
    with_phone(samir, "+319001234567")
    page = page_of(manager, at())
    assert "rosa-1" in page
    assert "nobody knows what this number costs" in page or "this number costs extra" in page
    assert "no phone: only the screen rings" in page


def test_a_phone_in_the_browser_says_where_it_rings_while_its_window_is_closed(
    northside, rosa, manager, at, signed_in, settings
):
    settings.ASTERISK = ("http://leadbell:x@127.0.0.1:8088",)
    client = signed_in(with_phone(rosa))
    assert client.post("/me/phone/place/", {"place": "browser"}).status_code == 303
    assert "window is closed: calls ring on +31 6 11111117." in page_of(client, "/me/phone/")
    assert "in the browser, else +31 6 11111117" in page_of(manager, at())
    Person.objects.filter(pk=rosa.pk).update(phone="")
    assert "window is closed: only the screen rings." in page_of(client, "/me/phone/")
    assert ">in the browser <" in page_of(manager, at())
    Person.objects.filter(pk=rosa.pk).update(browser_open_at=datetime.now(UTC))
    assert "Your phone’s window is open." in page_of(client, "/me/phone/")


# Ring me now


def test_ring_me_shows_every_step(northside, rosa, signed_in):
    line_of(northside)
    client = signed_in(with_phone(rosa))
    page = page_of(client, "/me/phone/")
    assert "+31 6 11111117" in page
    assert "only the screens ring" not in page
    assert client.post("/me/phone/ring/").status_code == 303
    call = Call.objects.get()
    assert (call.kind, call.person, call.lead) == ("test", rosa, None)
    assert "Your phone is about to ring" in page_of(client, "/me/phone/")
    claim(datetime.now(UTC))
    tell(call, ("rings", rosa), ("picked_up", rosa))
    part = client.get("/me/phone/", headers=HTMX).content.decode()
    assert part.startswith('<section class="card" id="ring-me"')
    assert "You have picked up: press 1" in part
    accepted(call.pk.hex, rosa.pk, call.asked_at + timedelta(milliseconds=2345))
    page = page_of(client, "/me/phone/")
    assert "The key press was heard" in page
    for said in ("2345 ms", "wanted", "the phone rings", "picked up", "pressed 1"):
        assert said in page, said


def test_ring_me_on_the_dealers_page_moves_only_its_own_part(northside, ines, manager, at):
    line_of(northside)
    with_phone(ines)
    here = f"http://testserver{at()}"
    answer = manager.post("/me/phone/ring/", {"dealer": northside.pk}, headers=HTMX | {"Referer": here})
    assert (answer.status_code, answer["Location"]) == (303, at())
    part = manager.get(at(), headers=HTMX).content.decode()
    assert part.startswith('<section class="card" id="ring-me"')
    assert "Your phone is about to ring" in part
    assert "What the voice says" not in part


def test_a_test_that_no_switchboard_takes_is_not_waited_for(northside, rosa, signed_in):
    line_of(northside)
    client = signed_in(with_phone(rosa))
    client.post("/me/phone/ring/")
    assert "disabled" in page_of(client, "/me/phone/")
    Call.objects.update(asked_at=datetime.now(UTC) - timedelta(minutes=2))
    page = page_of(client, "/me/phone/")
    assert "No switchboard took it" in page
    assert "disabled" not in page


def test_whom_no_line_rings_reads_why(northside, rosa, signed_in):
    client = signed_in(with_phone(rosa))

    def reads(why):
        answer = client.post("/me/phone/ring/", headers=HTMX)
        assert answer.status_code == 409
        assert why in page_of(client, "/me/phone/")
        assert why in " ".join(answer.content.decode().split())

    reads("This dealer has no phone line yet")
    line = line_of(northside, "sip", down_since=datetime.now(UTC))
    reads("No phone line is up now")
    PhoneLine.objects.filter(pk=line.pk).update(down_since=None)
    with_phone(rosa, "")
    reads("You have no phone number here")
    Person.objects.filter(pk=rosa.pk).update(extension="12")
    reads("No line that is up can ring your phone.")
    Person.objects.filter(pk=rosa.pk).update(in_browser=True)
    reads("Your phone’s window is closed")


def test_nobody_sees_or_rings_over_another_dealers_line(northside, lena, rosa, signed_in):
    line_of(northside)
    client = signed_in(with_phone(lena))
    assert client.get(f"/me/phone/?dealer={northside.pk}").status_code == 404
    assert client.post("/me/phone/ring/", {"dealer": northside.pk}).status_code == 404
    assert not Call.objects.exists()
    signed_in(with_phone(rosa)).post("/me/phone/ring/")
    assert "about to ring" not in page_of(client, "/me/phone/")


def test_importers_have_no_phone_here(northside, signed_in):
    client = signed_in(make_person("Ivan", northside, "importer"))
    assert client.get("/me/phone/").status_code == 403
    assert client.post("/me/phone/ring/").status_code == 403
    assert Person.objects.get(name="Ivan").phone == ""
