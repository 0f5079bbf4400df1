"""The words behind the demo's history: an e-mail for each that was written, and an answer for each that came."""

import re
from datetime import datetime, timedelta

from leadbell.conversation.models import Message
from leadbell.conversation.shelves import begun, language_of, words_of
from leadbell.lead.models import Fact, Lead

#: Of so many leads that are still open; older words are nobody's concern any more.
MOST = 60
SINCE = timedelta(days=45)
#: Where the template leaves room for the salesperson's own words.
_GAP = re.compile(r"\n{3,}")
_ANSWERS = {
    "nl": ("Zaterdag komt mij goed uit, rond elf uur?", "Dank u, ik bel u morgen.", "Kan er nog iets van de prijs af?"),
    "en": ("Saturday suits me, around eleven?", "Thank you, I will call tomorrow.", "Is that your best price?"),
    "ru": ("Мне удобно в субботу, около одиннадцати.", "Спасибо, завтра позвоню.", "Можно ли немного дешевле?"),
}  # fmt: skip
#: What a salesperson adds to the first letter, and to each that follows.
_ADDED = {
    "nl": ("Hij staat bij ons in de showroom; wanneer komt het u uit om te rijden?",
        "Ik heb hem voor u apart gezet tot zaterdag. Zal ik een proefrit vastleggen?",
        "Er kwam net een tweede binnen in het grijs. Ik stuur graag foto's.",
        "Uw inruil schat ik graag in: een foto en de kilometerstand zijn genoeg."),
    "en": ("It stands in our showroom; when would a test drive suit you?",
        "I have kept it aside for you until Saturday. Shall I book a drive?",
        "A second one has just come in, in grey. I will gladly send pictures.",
        "I can tell you what your trade-in is worth: a picture and the mileage are enough."),
    "ru": ("Он стоит у нас в салоне; когда вам удобно проехаться?",
        "Я придержал его для вас до субботы. Записать вас на тест-драйв?",
        "Только что пришёл второй, серый. Могу прислать фотографии.",
        "Оценю ваш автомобиль в зачёт: достаточно фотографии и пробега."),
}  # fmt: skip


def write_letters(dealer: int, now: datetime) -> int:
    """Store the dealer's messages of late, as the facts tell of them; how many they are. None waits to be sent."""
    open_leads = Lead.objects.filter(dealer=dealer, closed_at=None).select_related(
        "customer", "dealer", "owner"
    )
    letters: list[Message] = []
    for lead in open_leads.order_by("-pk")[:MOST]:
        told = Fact.objects.filter(lead=lead, at__gt=now - SINCE, kind__in=("wrote", "replied")).order_by(
            "pk"
        )
        written = enumerate(told)
        letters += [letter for nth, fact in written if (letter := _letter(lead, fact, nth)) is not None]
    Message.objects.bulk_create(letters)
    return len(letters)


def _letter(lead: Lead, fact: Fact, nth: int) -> Message | None:
    if fact.body.get("carrier") != "email" or not lead.customer.email:
        return None
    language, key = language_of(lead), f"demo-{fact.pk}"
    about = {"dealer_id": lead.dealer_id, "lead": lead, "carrier": "email", "key": key, "address": lead.customer.email,
             "language": language, "created_at": fact.at, "settled_at": fact.at}  # fmt: skip
    if fact.kind == "replied":
        answers = _ANSWERS[language]
        return Message(
            **about, way="in", status="received", text=answers[fact.pk % len(answers)], subject="Re:"
        )
    if fact.by is None:
        return None
    template = words_of(lead.dealer_id, "not_reached" if lead.attempts else "answer", "email", language)
    if template is None:
        return None
    wanted = lead.wanted or {}
    owner = lead.owner.name if lead.owner else lead.dealer.name
    ready = begun(template, {
        "name": lead.customer.full_name, "car": " ".join(str(wanted[k]) for k in ("make", "model") if wanted.get(k)),
        "dealer": lead.dealer.name, "signature": f"{owner}\n{lead.dealer.name}",
    }, language)  # fmt: skip
    added = _ADDED[language]
    text = _GAP.sub(f"\n\n{added[nth % len(added)]}\n\n", ready.text, count=1)
    return Message(
        **about, way="out", status="sent", by_id=fact.by, subject=ready.subject[:200], text=text, tries=1,
        sent_at=fact.at,
    )  # fmt: skip
