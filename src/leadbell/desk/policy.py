"""What a single page may load besides what every page may: its own content policy."""

from collections.abc import Mapping, Sequence

from django.http import HttpResponse


def allowing(page: HttpResponse, more: Mapping[str, Sequence[str]]) -> HttpResponse:
    """The page, with sources added to the policy's directives; django-csp's own decorator takes constants only."""
    page.__dict__["_csp_update"] = dict(more)
    return page
