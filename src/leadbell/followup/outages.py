"""A dealer's system that takes nothing any more is told to its managers by e-mail: once per outage, and once when it
works again."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from leadbell.conversation.staffmail import Draft, store
from leadbell.dealers.models import Person
from leadbell.dealers.people import managers_of
from leadbell.dms.models import DmsReceiver
from leadbell.dms.outages import not_told_of, note_told, waiting_for
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.words import Words

log = structlog.get_logger("leadbell.dms")


def tell_outages(now: datetime) -> int:
    """Write the letters that are due; how many systems they are about. One that can't be told of holds up no other."""
    done = 0
    for receiver in not_told_of(now):
        try:
            done += _tell(receiver.pk, now)
        except AWAY:
            raise
        except Exception as error:
            log.error("an outage can't be told", dealer=receiver.dealer_id, fault=fault_of(error))
    return done


@transaction.atomic
def _tell(number: int, now: datetime) -> bool:
    """The letters and that they were written are one."""
    receiver = note_told(number, now)
    if receiver is None:
        return False
    works, people = receiver.outage_told_at is None, managers_of(receiver.dealer)
    key = f"dms:{receiver.pk}:{'up' if works else 'down'}:{int(now.timestamp())}"
    waiting = waiting_for(receiver)
    for person in people:
        store(person, key, letter(receiver, waiting, person, works=works), now)
    log.info(
        "an outage is told", dealer=receiver.dealer_id, receiver=receiver.pk, works=works, people=len(people)
    )
    return True


def letter(receiver: DmsReceiver, waiting: int, person: Person, *, works: bool) -> Draft:
    """In this person's words; `waiting`: how many events wait. Nobody's customer is in it."""
    dealer, because = receiver.dealer, receiver.paused_because or receiver.because
    with translation.override(person.language), timezone.override(ZoneInfo(dealer.zone)):
        about = {
            "receiver": receiver, "dealer": dealer, "works": works, "language": person.language,
            "waiting": waiting, "because": msgspec.convert(because, Words) if because else None,
            "url": f"{settings.PUBLIC_URL}{reverse('dms-system', args=[dealer.pk, receiver.pk])}",
        }  # fmt: skip
        said = _("%(name)s works again") if works else _("%(name)s takes nothing any more")
        subject = f"{dealer.name}: {said % {'name': receiver.name}}"
        text = render_to_string("dms/outage_letter.txt", about)
        html = render_to_string("dms/outage_letter.html", about)
    return Draft(" ".join(subject.split()), text.strip() + "\n", html, "")
