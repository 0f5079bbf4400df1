"""What CRMs write in their cells, in our words: states, outcomes, channels, origins. Pure."""

import re
from collections.abc import Mapping

#: Field → our word → beginnings or words that mean it. Asked in this order: the first that fits wins.
_TERMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "status": {
        "duplicate": ("duplic", "dubbel", "dubl", "dupli", "дубл", "merged"),
        "test": ("test", "тест"),
        "lost": ("lost", "not converted", "closed lost", "closedlost", "unqualified", "disqualified", "dead", "inactive", "junk", "not interested", "bad ", "verlor", "vervallen", "niet geïnteresseerd",
                 "afgevallen", "abgesagt", "verloren", "kein interesse", "отказ", "потерян", "закрыто и не реализовано", "не реализ", "некачествен", "провал", "спам"),
        "sold": ("sold", "won", "closed won", "closedwon", "delivered", "customer", "converted", "verkocht", "geleverd", "gewonnen", "klant", "verkauft", "ausgeliefert",
                 "успешно", "продан", "выигран", "сделка успешна", "продажа"),
        "no_show": ("no show", "no-show", "noshow", "missed appointment", "niet verschenen", "nicht erschienen", "не пришел", "не пришёл"),
        "shown": ("shown", "showed", "show", "visited", "showroom", "verschenen", "bezocht", "erschienen", "besucht", "пришел", "пришёл", "визит", "тест-драйв"),
        "appointment": ("appointment", "appt", "afspraak", "termin", "встреча", "meeting", "demo scheduled", "confirmed"),
        "quote": ("quote", "proposal", "offer", "negotiat", "offerte", "angebot", "кп", "коммерческое", "переговоры", "presentation"),
        "open": ("open", "new", "nieuw", "neu", "нов", "working", "in progress", "in behandeling", "in bearbeitung", "contact", "attempt", "pending", "active", "assigned", "qualif", "в работе",
                 "не обработан", "неразобран", "nurtur", "lopend", "первичный", "reached", "received", "follow"),
    },
    "outcome": {
        "wrong_number": ("wrong", "bad number", "verkeerd", "falsche", "неверный", "неправильный"),
        "voicemail": ("voicemail", "voice mail", "left message", "left live message", "mailbox", "machine", "anrufbeantworter", "автоответ", "голосовая"),
        "no_answer": ("no answer", "no_answer", "noanswer", "unanswered", "not answered", "missed", "no contact", "geen gehoor", "niet opgenomen", "keine antwort", "nicht erreicht", "нет ответа", "не ответ",
                      "недозвон", "не дозвон", "пропущен", "attempted", "cancel", "unsuccess"),
        "busy": ("busy", "bezet", "in gesprek", "besetzt", "занят"),
        "unreachable": ("unreachable", "fail", "not in service", "onbereikbaar", "unerreichbar", "недоступен", "invalid"),
        "conversation": ("conversation", "connected", "contacted", "answered", "spoke", "talked", "reached", "completed", "contact made", "gesprek", "gesproken", "bereikt", "gespräch", "gesprochen", "erreicht",
                         "разговор", "ответил", "дозвон", "успешн", "состоялся", "yes"),
    },
    "channel": {
        "phone": ("phone", "call", "telefo", "tel", "gebeld", "bellen", "anruf", "звонок", "звонил", "телефон", "входящий", "исходящий"),
        "video": ("video", "видео"),
        "sms": ("sms", "text", "whatsapp", "смс"),
        "chat": ("chat", "messenger", "чат", "мессенджер"),
        "form": ("form", "formulier", "formular", "форма", "web lead", "inquiry"),
        "email": ("email", "e-mail", "mail", "письмо", "почта", "e mail"),
    },
    "direction": {
        "out": ("out", "outbound", "outgoing", "uitgaand", "ausgehend", "исход", "sent", "verzonden"),
        "in": ("in", "inbound", "incoming", "missed", "ingaand", "inkomend", "eingehend", "вход", "received", "ontvangen"),
    },
    "made_by": {
        "automation": ("automat", "auto", "system", "systeem", "workflow", "bot", "robot", "marketing", "sequence", "автомат", "робот", "система", "true", "yes", "1", "ja", "да"),
        "human": ("human", "manual", "person", "user", "mens", "handmatig", "manuell", "mensch", "человек", "вручную", "agent", "false", "no", "0", "nee", "nein", "нет"),
    },
    "origin": {
        "lost_sale": ("lost sale", "lost_sale", "lostsale", "win back", "winback"),
        "direct_mail": ("direct mail", "direct_mail", "mailing", "campaign", "campagne", "kampagne", "рассылка", "newsletter"),
        "walk_in": ("walk", "showroom", "inloop", "laufkund", "fresh up", "визит", "салон"),
        "chat": ("chat", "websitechat", "website chat", "чат", "messenger", "whatsapp"),
        "call": ("call", "phone", "telefo", "inbound", "tracking number", "gebeld", "anruf", "звонок", "телефон"),
        "online": ("online", "web", "internet", "site", "form", "portal", "autoscout", "marktplaats", "mobile.de", "cargurus", "autotrader", "cars.com", "auto.ru", "avito", "facebook", "meta", "google", "instagram",
                   "paid", "organic", "search", "social", "referral", "direct", "e-mail", "email", "oem", "third party", "ads", "сайт", "интернет", "форма", "соцсети", "gaspedaal", "autotrack", "autowereld", "truecar", "edmunds", "lead provider", "tiktok"),
    },
    "set_aside": {
        "duplicate": ("duplic", "dubbel", "dupli", "дубл", "true", "yes", "1", "ja", "да"),
        "merged": ("merged", "samengevoegd", "объедин"),
        "quarantined": ("quarantin",),
        "test": ("test", "тест"),
        "": ("false", "no", "0", "nee", "nein", "нет"),
    },
    "agreed": {
        "appointment": ("appointment", "appt", "afspraak", "termin", "встреча", "meeting"),
        "quote": ("quote", "offer", "offerte", "angebot", "кп"),
        "call_back": ("call back", "call_back", "callback", "terugbel", "rückruf", "перезвон"),
        "nothing": ("nothing", "none", "niets", "nichts", "ничего"),
    },
    "flag": {
        "yes": ("yes", "true", "1", "ja", "да", "y", "j", "t", "wahr"),
        "no": ("no", "false", "0", "nee", "nein", "нет", "n", "f", "falsch"),
    },
}  # fmt: skip
SAME = {
    "forwarded": "flag",
    "somebody_free": "flag",
    "dropped": "flag",
    "first_outcome": "outcome",
    "in_hours": "flag",
    "after_hours": "flag",
    "opportunity": "flag",
}


def words_of(field: str) -> tuple[str, ...]:
    """Our words for the values of a field."""
    return tuple(_TERMS[SAME.get(field, field)])


def is_term(field: str) -> bool:
    return SAME.get(field, field) in _TERMS


def meant(field: str, said: str) -> str | None:
    """Our word for what stands in a cell; None if it can't be understood."""
    field = SAME.get(field, field)
    plain = " ".join(re.sub(r"[_\-–/]+", " ", said).casefold().split())
    terms = _TERMS[field]
    whole = next(
        (ours for ours, names in terms.items() if plain == ours.replace("_", " ") or plain in names), None
    )
    if whole is not None or (field in ("flag", "set_aside") and len(plain) < 6):
        return whole
    for ours, names in terms.items():
        for name in names:
            name = " ".join(re.sub(r"[_\-–/]+", " ", name).split())
            if len(name) > 2 and re.search(rf"(?:^|\W){re.escape(name)}", plain):
                return ours
    return None
