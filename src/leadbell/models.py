"""Registers each room's tables, and who hears what another room tells."""

from leadbell.appointment.models import (
    Appointment,
    Busy,
    BusyCalendar,
    BusyCalendarSecret,
    Diary,
    DiaryChoice,
)
from leadbell.chat.models import Chat, ChatLine, ChatSite
from leadbell.conversation.models import (
    DeadAddress,
    Incoming,
    Message,
    MessageSecret,
    MessageSetup,
    MessageTemplate,
    Signature,
    StaffMail,
)
from leadbell.dealers.models import Organisation, Person
from leadbell.dms.models import DmsDelivery, DmsKey, DmsPlace, DmsReceiver, DmsTry
from leadbell.followup.models import DayPlan, Placement, PlaybookRow
from leadbell.handover.models import DealerScript
from leadbell.intake.models import CaughtForms, Envelope, Inquiry, SettledGap, Source
from leadbell.lead.models import Consent, Customer, Fact, Handle, Lead
from leadbell.metrics.models import FiguresNumber, LeadChange, LeadRow
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from leadbell.review.models import (
    CoachingAction,
    Criterion,
    HeardByMachine,
    Moment,
    Review,
    ReviewChoice,
    Sentence,
    Transcript,
)
from leadbell.ring.models import Call, PhoneLine, PhoneRules, Playback, Recording, TrackingNumber
from leadbell.unlost.models import Alert, UnlostChoice
from leadbell.video.models import Video
from leadbell.visits import joining
from leadbell.visits.models import (
    KnownVisit,
    NumberLease,
    NumberPool,
    Site,
    SiteCount,
    SitePulse,
    Visitor,
    VisitorJoin,
)

__all__ = [
    "Agreement",
    "Alert",
    "Appointment",
    "Busy",
    "BusyCalendar",
    "BusyCalendarSecret",
    "Call",
    "CaughtForms",
    "Chat",
    "ChatLine",
    "ChatSite",
    "CoachingAction",
    "Consent",
    "Criterion",
    "Customer",
    "DayPlan",
    "DeadAddress",
    "DealerScript",
    "Diary",
    "DiaryChoice",
    "DmsDelivery",
    "DmsKey",
    "DmsPlace",
    "DmsReceiver",
    "DmsTry",
    "Envelope",
    "Fact",
    "FiguresNumber",
    "Handle",
    "HeardByMachine",
    "Incoming",
    "Inquiry",
    "KnownVisit",
    "Lead",
    "LeadChange",
    "LeadRow",
    "Message",
    "MessageSecret",
    "MessageSetup",
    "MessageTemplate",
    "Moment",
    "NetworkPlan",
    "NumberLease",
    "NumberPool",
    "Offer",
    "Organisation",
    "Passing",
    "Person",
    "PhoneLine",
    "PhoneRules",
    "Placement",
    "Playback",
    "PlaybookRow",
    "Recording",
    "Review",
    "ReviewChoice",
    "Sentence",
    "SettledGap",
    "Signature",
    "Site",
    "SiteCount",
    "SitePulse",
    "Source",
    "StaffMail",
    "TrackingNumber",
    "Transcript",
    "UnlostChoice",
    "Video",
    "Visitor",
    "VisitorJoin",
    "joining",
]
