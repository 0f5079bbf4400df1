"""Delete what says who a customer was, in every room at once; what happened stays, without them."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.chat.models import Chat
from leadbell.conversation.models import Message
from leadbell.dealers.models import Person
from leadbell.intake.models import Inquiry
from leadbell.lead.journal import locked
from leadbell.lead.models import Customer, Lead
from leadbell.refused import Refused
from leadbell.ring.models import Recording
from leadbell.ring.recordings.deleting import delete_of_customer
from leadbell.sale.actions import lose
from leadbell.video import actions as videos
from leadbell.video.shelves import count_of
from leadbell.visits.models import Visitor
from leadbell.words import say

log = structlog.get_logger("leadbell.deleting")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is there about a customer: how many of each."""

    leads: int
    open_leads: int
    inquiries: int
    messages: int
    chats: int
    recordings: int
    videos: int
    browsers: int
    #: Deliveries that hold other customers, too: they stay as they arrived.
    shared: int


def kept_of(customer: Customer) -> Kept:
    """What deleting this customer is about, in numbers."""
    theirs = Lead.objects.filter(customer=customer)
    leads = list(theirs.values_list("pk", flat=True))
    envelopes = Inquiry.objects.filter(lead__in=leads).values("envelope")
    others = Inquiry.objects.filter(envelope__in=envelopes).exclude(lead__in=leads)
    still = (Recording.Status.WANTED, Recording.Status.KEPT)
    return Kept(
        leads=len(leads),
        open_leads=theirs.filter(closed_at=None).count(),
        inquiries=Inquiry.objects.filter(lead__in=leads).count(),
        messages=Message.objects.filter(lead__in=leads).count(),
        chats=Chat.objects.filter(lead__in=leads, erased_at=None).count(),
        recordings=Recording.objects.filter(call__lead__in=leads, status__in=still).count(),
        videos=count_of(leads),
        browsers=Visitor.objects.filter(customer=customer).count(),
        shared=others.values("envelope").distinct().count(),
    )


@transaction.atomic
def delete_customer(lead: Lead, by: Person, now: datetime) -> Customer | Refused:
    """Delete the customer of this lead, everywhere at this dealer; their open leads are closed as lost.

    Locks their leads by number and the customer behind them, as everybody does: `lead` comes unlocked.
    The recordings' sound follows within a minute, as soon as the store lets go of it.
    """
    if not by.manages:
        return Refused(say("Only a manager can delete a customer."))
    numbers = Lead.objects.filter(customer=lead.customer_id).order_by("pk").values_list("pk", flat=True)
    theirs = [locked(number) for number in numbers]
    customer = Customer.objects.select_for_update().get(pk=lead.customer_id)
    if customer.erased_at is not None:
        return Refused(say("This customer is deleted already."))
    if {one.pk for one in theirs if one.customer_id == customer.pk} != set(numbers.all()):
        return Refused(say("Something arrived from this customer just now: try again."))
    if any(one.standing.calling is not None for one in theirs):
        return Refused(say("A colleague is calling this customer right now."))
    for one in theirs:
        if one.is_open:
            lose(one, by.pk, "other", now)
    recordings = delete_of_customer(customer, by, now)
    videos.delete_of_customer(customer, now)
    with connection.cursor() as cursor:
        cursor.execute(
            "select leadbell_customer_deleted(%s, %s, %s, %s)", [customer.dealer_id, customer.pk, by.pk, now]
        )
    for one in theirs:
        announce(customer.dealer_id, "customer", one.pk)
    log.info(
        "customer deleted", dealer=customer.dealer_id, customer=customer.pk, by=by.pk, leads=len(theirs),
        recordings=recordings,
    )  # fmt: skip
    customer.refresh_from_db()
    return customer
