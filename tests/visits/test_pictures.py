"""Pictures of cars: whose address is taken, where they are shown, and who sees them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.unlost.models import Alert
from leadbell.visits.models import KnownVisit, Site, SiteCar, VisitorJoin
from leadbell.visits.pictures import LONGEST_ADDRESS, LONGEST_SAID, may_show, picture_of
from tests.conftest import lead_of, make_person
from tests.visits.test_sites import SAID, looked, make_site, make_visitor

HOME, SHOP = "https://www.northside.example", "https://cdn.example"
PAGE = f"{HOME}/cars/kona/"
ALLOWED = frozenset((HOME, SHOP, "http://127.0.0.1:8080"))


@pytest.mark.parametrize(
    ("said", "picture"),
    [
        ("kona.jpg", f"{PAGE}kona.jpg"),
        ("/p/kona.jpg?w=96&h=64#top", f"{HOME}/p/kona.jpg?w=96&h=64"),
        ("//cdn.example/kona.jpg", f"{SHOP}/kona.jpg"),
        ("https://CDN.example/a b/größe.jpg", f"{SHOP}/a%20b/gr%C3%B6%C3%9Fe.jpg"),
        ("http://www.northside.example/kona.jpg", f"{HOME}/kona.jpg"),
        ("http://127.0.0.1:8080/kona.jpg", "http://127.0.0.1:8080/kona.jpg"),
        ('/"><script>alert(1)</script>', f"{HOME}/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        ("java\nscript:alert(1)", f"{PAGE}java%0Ascript:alert(1)"),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("data:image/svg+xml,<svg onload=alert(1)>", ""),
        ("blob:https://www.northside.example/1", ""),
        ("https://evil.example/kona.jpg", ""),
        ("https://www.northside.example.evil.example/kona.jpg", ""),
        ("https://www.northside.example@evil.example/kona.jpg", ""),
        ("https://user:word@www.northside.example/kona.jpg", ""),
        ("https://www.northside.example:8443/kona.jpg", ""),
        ("https://www.northside.example\\@evil.example/", ""),
        ("https://127.0.0.1:8080/kona.jpg", ""),
        ("http://127.0.0.1/kona.jpg", ""),
        ("http://169.254.169.254/latest/meta-data", ""),
        ("https://[::1", ""),
        ("https://www.northside.example;img-src *", ""),
        ("file:///etc/passwd", ""),
        ("a" * LONGEST_SAID, ""),
        ("ü" * (LONGEST_SAID - 1), ""),
    ],
)
def test_whose_pictures_are_taken(said: str, picture: str) -> None:
    found = picture_of(said, PAGE, ALLOWED)
    assert found == picture
    assert len(found) <= LONGEST_ADDRESS
    assert not found or may_show(found, ALLOWED)


def test_a_picture_of_a_host_that_is_no_longer_the_websites_is_not_shown() -> None:
    assert not may_show(f"{SHOP}/kona.jpg", [HOME])
    assert not may_show(f"{HOME}.evil.example/kona.jpg", [HOME])


@pytest.fixture
def lead(northside: Organisation, rosa: Person) -> Lead:
    """Mr Okafor's, lost, while he looks at the Kona: Rosa was told."""
    now = datetime.now(UTC)
    site = make_site(northside)
    lead = lead_of(northside, now=now - timedelta(days=40))
    Lead.objects.filter(pk=lead.pk).update(owner=rosa)
    browser = make_visitor(site)
    browser.customer, browser.last_seen_at = lead.customer, now
    browser.save()
    VisitorJoin.objects.create(
        dealer=northside,
        visitor=browser,
        customer=lead.customer,
        lead=lead,
        how="form",
        at=now - timedelta(days=40),
    )
    looked(browser, now - timedelta(minutes=1), "Kona", stock="N-41", make="Hyundai", model="Kona")
    body = {"pages": 1, "cars": [{"car": {"stock": "N-41", "make": "Hyundai", "model": "Kona"}, "times": 1,
            "at": now.isoformat()}]}  # fmt: skip
    visit = KnownVisit.objects.create(
        dealer=northside,
        site=site,
        visitor=browser,
        customer=lead.customer,
        began_at=now,
        last_at=now,
        body=body,
    )
    Alert.objects.create(
        dealer=northside, lead=lead, visit=visit.pk, at=now, people=[rosa.pk],
        because=[],
    )  # fmt: skip
    remember(site, f"{HOME}/kona.jpg", now)
    return lead


def remember(site: Site, picture: str, now: datetime) -> SiteCar:
    return SiteCar.objects.create(
        dealer=site.dealer, site=site, key="N-41", stock="N-41", make="Hyundai", model="Kona", picture=picture,
        seen_at=now - timedelta(minutes=1),
    )  # fmt: skip


def pictures(page: Any) -> list[str]:
    """The pictures of cars on a page; each is asked for without saying who asks."""
    shown = re.findall(r"<img [^>]*>", page.content.decode())
    assert all('referrerpolicy="no-referrer"' in one and 'loading="lazy"' in one for one in shown)
    return [found[1] for one in shown if (found := re.search(r'src="(http[^"]*)"', one))]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/desk/", "/unlost/", "/visitors/", "/leads/{}/"])
def test_the_car_that_is_looked_at_is_shown(signed_in: Any, rosa: Person, lead: Lead, path: str) -> None:
    page = signed_in(rosa).get(path.format(lead.pk))
    assert pictures(page) == [f"{HOME}/kona.jpg"]
    policy = page.headers["content-security-policy"]
    assert f"img-src 'self' data: {HOME};" in f"{policy};"
    elsewhere = signed_in(rosa).get("/leads/")
    assert HOME not in elsewhere.headers["content-security-policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/desk/", "/unlost/", "/visitors/", "/leads/{}/"])
def test_nothing_is_shown_of_hosts_the_website_gave_up(
    signed_in: Any, rosa: Person, lead: Lead, path: str
) -> None:
    Site.objects.update(origins=["https://new.northside.example"])
    assert pictures(signed_in(rosa).get(path.format(lead.pk))) == []
    Site.objects.update(picture_hosts=[HOME])
    assert pictures(signed_in(rosa).get(path.format(lead.pk))) == [f"{HOME}/kona.jpg"]
    Site.objects.update(removed_at=datetime.now(UTC))
    page = signed_in(rosa).get(path.format(lead.pk))
    assert pictures(page) == []
    assert HOME not in page.headers["content-security-policy"]


@pytest.mark.django_db
def test_another_dealers_pictures_stay_there(
    signed_in: Any, lead: Lead, southside: Organisation, rosa: Person
) -> None:
    theirs = make_site(southside)
    Site.objects.filter(pk=theirs.pk).update(origins=["https://southside.example"])
    remember(theirs, "https://southside.example/kona.jpg", datetime.now(UTC))
    for path in ("/desk/", "/unlost/", "/visitors/", f"/leads/{lead.pk}/"):
        page = signed_in(rosa).get(path)
        assert "southside.example" not in page.content.decode() + page.headers["content-security-policy"]
    olaf = make_person("Olaf", southside, "manager")
    assert pictures(signed_in(olaf).get("/visitors/")) == ["https://southside.example/kona.jpg"]


@pytest.mark.django_db
def test_what_a_page_names_is_escaped(signed_in: Any, rosa: Person, lead: Lead) -> None:
    SiteCar.objects.update(picture=f'{HOME}/"><script>x</script>', model="<b>Kona</b>")
    for path in ("/desk/", "/unlost/", "/visitors/", f"/leads/{lead.pk}/"):
        seen = signed_in(rosa).get(path).content.decode()
        assert "<script>x" not in seen
        assert "<b>Kona</b>" not in seen


@pytest.mark.django_db
def test_a_manager_names_the_hosts_of_pictures(signed_in: Any, ines: Person, northside: Organisation) -> None:
    here = f"/dealers/{northside.pk}/sites/"
    desk = signed_in(ines)
    too_many = "\n".join(f"https://c{number}.example" for number in range(6))
    for wrong in ("http://cdn.example", "cdn example;", "javascript:alert(1)", too_many):
        refused = desk.post(here, SAID | {"picture_hosts": wrong})
        assert refused.status_code == 409, wrong
        assert "of pictures" in refused.content.decode()
    assert desk.post(here, SAID | {"picture_hosts": "CDN.example/kona.jpg"}).status_code == 303
    assert Site.objects.get().picture_hosts == [SHOP]
    assert SHOP in desk.get(here).content.decode()
