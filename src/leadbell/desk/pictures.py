"""Pages that show pictures of cars: the dealers' own websites, and nobody else, may send them."""

from collections.abc import Collection

from django.http import HttpResponse

from leadbell.desk.policy import allowing
from leadbell.visits.showcase import picture_hosts


def with_pictures(page: HttpResponse, dealers: Collection[int]) -> HttpResponse:
    """The page, whose content policy allows pictures of these dealers' websites."""
    hosts = picture_hosts(dealers)
    return allowing(page, {"img-src": hosts}) if hosts else page
