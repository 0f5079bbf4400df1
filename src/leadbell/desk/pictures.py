"""Pages that show pictures of cars: the dealers' own websites, and nobody else, may send them."""

from collections.abc import Collection

from django.http import HttpResponse

from leadbell.visits.showcase import picture_hosts


def with_pictures(page: HttpResponse, dealers: Collection[int]) -> HttpResponse:
    """The page, whose content policy allows pictures of these dealers' websites."""
    if hosts := picture_hosts(dealers):
        # The name django-csp's middleware reads.
        page._csp_update = {"img-src": hosts}  # type: ignore[attr-defined]
    return page
