"""From lead to sale: appointments, quotes, who came, who bought."""

from leadbell.metrics.figures import REFERENCE_APPOINTMENT, REFERENCE_APPOINTMENT_OF_CALLS
from leadbell.metrics.metric import Metric, Reference
from leadbell.words import say

NORM = 0.13
RIPE_MS = 3_888_000_000  # 45 days
_OPPORTUNITY = say("S0 prints 38 % once over 1,398 opportunities and once over 2,379 reviewed calls; only the first is "
                   "right (534 of 1,398), over the calls it is 22.4 %")  # fmt: skip
_ALL = "set_aside is null"

METRICS = (
    Metric(
        "appointment_rate", say("appointments, of opportunities"),
        say("opportunities: reviewed conversations that were a real chance"),
        say("conversations that ended in an appointment, of those that were a real chance"),
        "ratio", "share", f"case when {_ALL} then appointments_of_opportunities else 0 end",
        f"case when {_ALL} then opportunities else 0 end", "more",
        (
            Reference(REFERENCE_APPOINTMENT, "S0", say("38 %: 534 of 1,398 opportunities")),
            Reference(0.6, "S0", say("the best dealers: over 60 %")),
        ),
        ("touches.opportunity", "touches.agreed"), warning=_OPPORTUNITY,
    ),
    Metric(
        "appointment_rate_of_reviewed", say("appointments, of reviewed conversations"), say("reviewed conversations"),
        say("conversations that ended in an appointment, of all that were listened to"),
        "ratio", "share", f"case when {_ALL} then appointments_of_reviewed else 0 end",
        f"case when {_ALL} then reviewed else 0 end", "more",
        (Reference(REFERENCE_APPOINTMENT_OF_CALLS, "S0", say("22.4 %: 534 of 2,379 reviewed conversations")),),
        ("touches.opportunity", "touches.agreed"), warning=_OPPORTUNITY,
    ),
    Metric(
        "appointment_rate_of_reached", say("appointments, of leads reached"), say("leads reached"),
        say("leads with an appointment, of those with a conversation; not every conversation was a real chance"),
        "share", "share", "booked_ms is not null", f"{_ALL} and conversations > 0", "more",
        (Reference(REFERENCE_APPOINTMENT, "S0", say("38 % of opportunities; conversations are more than those")),),
        ("touches.outcome", "leads.booked_ms"), warning=_OPPORTUNITY,
    ),
    Metric(
        "quote_rate", say("quotes, of leads reached"), say("leads reached"),
        say("leads with a quote, of those with a conversation: the second goal, where no appointment can be made"),
        "share", "share", "quoted_ms is not null", f"{_ALL} and conversations > 0", "", (),
        ("touches.outcome", "leads.quoted_ms"),
    ),
    Metric(
        "confirmed_rate", say("confirmed personally, of leads with an appointment"), say("leads with an appointment"),
        say("appointments that a salesperson confirmed by phone, e-mail or video, of all made"),
        "share", "share", "confirmed_ms is not null", f"{_ALL} and booked_ms is not null", "more", (),
        ("leads.booked_ms", "leads.confirmed_ms"),
    ),
    Metric(
        "show_rate", say("came, of leads with an appointment that is over"),
        say("leads with an appointment of which is known whether they came"),
        say("customers who came, of those who came or missed their appointment"),
        "share", "share", "shown_ms is not null", f"{_ALL} and (shown_ms is not null or no_shows > 0)", "more", (),
        ("leads.shown_ms", "leads.no_shows"),
    ),
    Metric(
        "sales_conversion", say("sold, of active leads received"), say("active leads received"),
        say("active leads that were sold, of all received; a month younger than 45 days isn't ripe"),
        "share", "share", "sold_ms is not null", f"{_ALL} and active", "more",
        (
            Reference(NORM, "S2", say("the norm for active leads is 13 %: below it the fault is in the process")),
            Reference(0.2, "S3", say("an internal team needs over 20 % to pay, as a rule of thumb")),
        ),
        ("leads.origin", "leads.sold_ms"),
    ),
    Metric(
        "sales_conversion_ripe", say("sold, of active leads received at least 45 days ago"),
        say("active leads received at least 45 days ago"),
        say("active leads that were sold, of those old enough to be judged"),
        "share", "share", "sold_ms is not null", f"{_ALL} and active and received_ms + {RIPE_MS} <= as_of", "more",
        (Reference(NORM, "S2", say("the norm for active leads is 13 %: below it the fault is in the process")),),
        ("leads.origin", "leads.sold_ms"),
    ),
    Metric(
        "days_to_sale", say("days from lead to sale, of leads sold"), say("leads sold"),
        say("from arrival to the sale, in days of 24 hours"),
        "measure", "days", "sale_ms", _ALL, "", (Reference(12, "S4", say("12 days on average")),), ("leads.sold_ms",),
        scale=86_400_000,
    ),
    Metric(
        "fallout_rate", say("dropped at the first contact with the salesperson, of qualified leads handed over"),
        say("qualified leads handed over"),
        say("leads that a BDC had qualified and that dropped off at their first contact with the salesperson"),
        "share", "share", "dropped", f"{_ALL} and handed_over_ms is not null and dropped is not null", "less",
        (Reference(0.2, "S1", say("over 20 % drop off at once")),), ("leads.handed_over_ms", "leads.dropped"),
    ),
    Metric(
        "cost_per_lead", say("cost, per lead with a known cost"), say("leads with a known cost"),
        say("what a lead cost, in cents"), "measure", "per_lead", "cost_cents", _ALL, "less", (), ("leads.cost_cents",),
    ),
    Metric(
        "margin_per_sale", say("margin, per sale with a known margin"), say("sales with a known margin"),
        say("what a sale earned, in cents"), "measure", "per_lead", "margin_cents", f"{_ALL} and sold_ms is not null",
        "more", (), ("leads.margin_cents", "leads.sold_ms"),
    ),
)  # fmt: skip
