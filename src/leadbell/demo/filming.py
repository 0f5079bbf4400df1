"""Video mails of the demo's salespeople: a few seconds of drawn film, sent; some customers open and watch it."""

import io
from datetime import datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from leadbell.appointment.actions import confirm
from leadbell.conversation.models import Message
from leadbell.conversation.shelves import begun, language_of, words_of
from leadbell.dealers.models import Person
from leadbell.demo.cast import NORTHSIDE, STAR
from leadbell.lead.facts import Wrote
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.recordings.store import the_store
from leadbell.video import actions as videos
from leadbell.video.models import Video
from leadbell.video.rules import SEEN_FOR
from leadbell.video.shelves import name_of

#: `scripts/demo_film.py` draws it.
FILM, LENGTH_MS = "film.webm", 6_000
MINUTE = timedelta(minutes=1)
#: Sent, opened and watched so many minutes ago; None: not yet. The visitor's part comes first.
WENT = ((52, 31, 30), (145, 118, 117), (205, 76, None), (18, None, None))


def send_films(now: datetime) -> int:
    """Confirm a few appointments that nobody has confirmed yet by video mail; how many."""
    visits = Lead.objects.filter(
        dealer__name=NORTHSIDE.name, state="appointment", appointment_at__gt=now, customer__opted_out_at=None,
        owner__role="salesperson", calling_by=None,
    ).exclude(customer__emails=[])  # fmt: skip
    hers = visits.filter(owner__email=STAR).order_by("appointment_at")[:1]
    theirs = visits.exclude(owner__email=STAR).order_by("appointment_at")[: len(WENT) - 1]
    leads = [*hers, *theirs]
    return sum(_film(lead, went, now) for lead, went in zip(leads, WENT, strict=False))


@transaction.atomic
def _film(lead: Lead, went: tuple[int, int | None, int | None], now: datetime) -> bool:
    lead = locked(lead.pk)
    sent, opened, watched = (None if ago is None else now - ago * MINUTE for ago in went)
    salesperson = lead.owner
    if sent is None or salesperson is None or lead.standing.contract is not None:
        return False
    if read_history(lead).facts[-1].at > sent - 2 * MINUTE:
        return False
    video = videos.begin(lead, salesperson, sent - MINUTE)
    if isinstance(video, Refused):
        return False
    film = files("leadbell.demo").joinpath(FILM).read_bytes()
    the_store().put(video.piece(0), io.BytesIO(film))
    videos.piece_kept(video.pk, 0, film)
    kept = videos.finish(video.pk, 1, LENGTH_MS, SEEN_FOR, sent)
    if isinstance(kept, Refused):
        return False
    message = _letter(lead, salesperson, kept, sent)
    record(lead, Wrote(at=sent, by=salesperson.pk, carrier="video", message=message.pk))
    confirm(lead, salesperson.pk, "video", sent + timedelta(seconds=1))
    if opened is not None:
        videos.opened(video.pk, opened)
    if watched is not None:
        videos.watched(video.pk, watched)
    return True


def _letter(lead: Lead, salesperson: Person, video: Video, at: datetime) -> Message:
    """The e-mail with its link, as it was sent."""
    language = language_of(lead)
    template = words_of(lead.dealer_id, "confirmation", "email", language)
    if template is None:
        raise LookupError("there is no text for confirmations")
    wanted = lead.wanted or {}
    link = f"{settings.PUBLIC_URL}{reverse('video-watch', args=[name_of(video)])}"
    when = (lead.standing.appointment_at or at).astimezone(ZoneInfo(lead.dealer.zone))
    ready = begun(template, {
        "name": lead.customer.full_name, "car": " ".join(str(wanted[k]) for k in ("make", "model") if wanted.get(k)),
        "dealer": lead.dealer.name, "video": link,
        "appointment": str(format_datetime(when, "EEEE d MMMM HH:mm", locale=language)),
        "signature": f"{salesperson.name}\n{lead.dealer.name}",
    }, language)  # fmt: skip
    return Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, carrier="email", key=f"demo-film-{video.pk.hex}", way="out", status="sent",
        address=lead.customer.email or "", language=language, by=salesperson, subject=ready.subject[:200],
        text=ready.text, tries=1, created_at=at, sent_at=at, settled_at=at,
    )  # fmt: skip
