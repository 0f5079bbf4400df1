"""What CRMs call their columns, in English, Dutch, German and Russian. Pure."""

import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["moment", "time", "duration", "term", "flag", "number", "money", "text"]

#: Field → what its values look like.
LEADS: Mapping[str, Kind] = {
    "received": "moment", "received_time": "time", "lead": "text", "dealer": "text", "salesperson": "text",
    "origin": "term", "source": "text", "campaign": "text", "brand": "text", "in_hours": "flag",
    "after_hours": "flag", "set_aside": "term",
    "phone": "text", "first_attempt": "moment", "response": "duration", "first_outcome": "term",
    "connected": "moment", "connect": "duration", "talk": "duration", "opened": "moment", "quoted": "moment",
    "booked": "moment", "confirmed": "moment", "shown": "moment", "status": "term", "sold": "moment",
    "lost": "moment", "lost_reason": "text", "ended": "moment", "cost": "money", "margin": "money",
    "opportunity": "flag", "agreed": "term", "forwarded": "flag", "somebody_free": "flag", "no_shows": "number",
    "handed_over": "moment", "dropped": "flag",
}  # fmt: skip
TOUCHES: Mapping[str, Kind] = {
    "lead": "text", "started": "moment", "started_time": "time", "channel": "term", "direction": "term",
    "made_by": "term", "person": "text", "outcome": "term", "connected": "moment", "ended": "moment",
    "talk": "duration", "opportunity": "flag", "agreed": "term",
}  # fmt: skip
VISITS: Mapping[str, Kind] = {"lead": "text", "seen": "moment"}
FIELDS: Mapping[str, Mapping[str, Kind]] = {"leads": LEADS, "touches": TOUCHES, "visits": VISITS}

_LEAD_ID = (
    "lead", "ref", "lead id", "lead number", "lead no", "lead nr", "record id", "opportunity id", "deal id", "id", "case id",
    "prospect id", "name id", "activity deal id", "leadnummer", "lead nummer", "lead-id", "vorgangsnummer", "anfrage id", "related to", "related record id",
    "who id", "lead reference", "associated deal ids", "associated contact ids", "parent id", "customer id",
    "ид лида", "id лида", "лид", "номер лида", "номер", "id сделки", "сделка", "ид сделки", "номер сделки",
)  # fmt: skip
#: In a list of contacts these name the contact itself, if another column names the lead.
_OWN_ID = ("record id", "id", "ref", "number", "номер")
_LEAD_OF = (*(name for name in _LEAD_ID if name not in _OWN_ID), *_OWN_ID)
_BY = {
    "leads": {
        "lead": _LEAD_ID,
        "received": (
            "received", "received ms", "received at", "deal deal created", "created", "created at", "created date", "create date", "created time",
            "date created", "created on", "lead date", "lead received", "lead created", "lead created date", "lead in date", "date in",
            "date received", "inquiry date", "enquiry date", "arrived", "date", "date added", "lead origination date", "date create",
            "aangemaakt", "aangemaakt op", "aanmaakdatum", "ontvangen", "ontvangen op", "ontvangstdatum", "datum",
            "datum ontvangst", "datum aanvraag", "binnengekomen", "datum binnenkomst", "leaddatum",
            "eingang", "eingangsdatum", "erstellt", "erstellt am", "erstelldatum", "eingegangen am", "anfragedatum",
            "дата создания", "создан", "создано", "дата создания сделки", "дата получения", "получен", "дата", "дата заявки",
        ),
        "received_time": ("time received", "received time", "tijd", "tijd ontvangst", "uhrzeit", "eingangszeit", "время",
                          "время создания", "lead time", "time"),
        "dealer": ("dealer", "dealership", "store", "location", "rooftop", "branch", "dealer name", "vestiging", "filiaal",
                   "autobedrijf", "autohaus", "händler", "filiale", "standort", "betrieb", "дилер", "салон", "автосалон",
                   "филиал", "дилерский центр", "company name"),
        "salesperson": ("salesperson", "sales person", "sales rep", "owner", "lead owner", "deal owner", "contact owner",
                        "opportunity owner", "assigned to", "assigned", "assigned by", "sales agent", "agent", "user", "sales consultant",
                        "verkoper", "verkoopadviseur", "eigenaar", "toegewezen aan", "verkäufer", "verkaufsberater",
                        "zuständig", "bearbeiter", "besitzer", "ответственный", "менеджер", "продавец", "кем создана",
                        "sales rep name", "owner name", "primary sales rep", "sales rep 1"),
        "origin": ("origin", "lead type", "type of lead", "up type", "herkomst soort", "soort lead", "leadtype",
                   "leadart", "anfrageart", "тип лида", "тип обращения", "тип заявки"),
        "source": ("source", "lead source", "original source", "lead provider", "provider", "portal", "bron", "herkomst",
                   "leadbron", "quelle", "leadquelle", "herkunft", "источник", "источник сделки", "источник лида",
                   "original traffic source", "deal source", "channel source", "leadherkomst"),
        "campaign": ("campaign", "campaign name", "lead campaign", "campagne", "kampagne", "кампания", "utm campaign", "рекламная кампания",
                     "campaign source", "primary campaign source", "primary campaign"),
        "brand": ("brand", "make", "vehicle make", "merk", "marke", "марка", "бренд", "марка автомобиля", "interested make"),
        "in_hours": ("in hours", "in opening hours", "during business hours", "business hours", "binnen openingstijden",
                     "während der öffnungszeiten", "в рабочее время"),
        "after_hours": ("after hours", "originated after hours", "out of hours", "buiten openingstijden",
                        "außerhalb der öffnungszeiten", "в нерабочее время"),
        "set_aside": ("set aside", "duplicate", "is duplicate", "duplicaat", "dubbel", "duplikat", "дубль", "дубликат"),
        "phone": ("phone", "mobile", "phone number", "mobile phone", "telephone", "cell phone", "telefoon", "telefoonnummer",
                  "mobiel", "telefon", "telefonnummer", "handy", "телефон", "мобильный телефон", "рабочий телефон",
                  "by phone", "has phone", "home phone", "customer phone"),
        "first_attempt": ("first attempt", "first attempt at", "first call", "first call at", "first call date", "first contact attempt",
                          "first contacted", "first contact date", "first activity date", "first response", "first response at", "first response date",
                          "first outreach date", "date of first engagement", "first attempted contact", "first phone attempt",
                          "eerste belpoging", "eerste contactpoging", "eerste poging", "eerste reactie", "eerste contact",
                          "erster anruf", "erster kontaktversuch", "erster versuch", "erstkontakt", "erste reaktion",
                          "первый звонок", "первая попытка", "дата первого звонка", "первый контакт", "initial response"),
        "response": ("response time", "actual response time", "lead response time", "response", "time to first response", "first response time",
                     "responstijd", "reactietijd", "antwortzeit", "reaktionszeit", "время ответа", "время реакции",
                     "speed to lead", "first response in minutes", "time to first touch", "response time min"),
        "first_outcome": ("first attempt result", "first call result", "first call outcome", "first attempt outcome", "resultaat eerste poging",
                          "ergebnis erster anruf", "результат первого звонка"),
        "connected": ("connected at", "first conversation", "first conversation at", "eerste gesprek", "erstes gespräch",
                      "первый разговор", "spoke at", "first contact made"),
        "connect": ("connect time", "time to contact", "time to connect", "verbindingstijd"),
        "talk": ("talk time", "call duration", "duration", "gespreksduur", "gesprächsdauer", "длительность разговора",
                 "first call duration"),
        "opened": ("opened", "opened at", "first opened", "first viewed", "geopend", "geöffnet", "открыт", "viewed at"),
        "quoted": ("quoted", "quote sent", "quote date", "offer date", "offerte", "offertedatum", "angebot", "angebotsdatum",
                   "дата кп", "коммерческое предложение"),
        "booked": ("booked", "appointment", "appointment made", "appointment made at", "appointment date", "appointment set", "appointment created",
                   "appt date", "appt created", "afspraak", "afspraakdatum", "afspraak gemaakt", "termin", "terminvereinbarung",
                   "termin vereinbart", "встреча", "дата встречи", "встреча назначена", "appointment set date"),
        "confirmed": ("confirmed", "appointment confirmed", "confirmed at", "bevestigd", "afspraak bevestigd", "bestätigt", "подтверждена",
                      "встреча подтверждена"),
        "shown": ("shown", "showed", "appointment shown", "show date", "visit date", "showroom visit", "verschenen", "bezoek",
                  "bezoek showroom", "erschienen", "besuch", "пришёл", "пришел", "визит", "дата визита", "customer came", "appt showed", "shown at"),
        "status": ("status", "lead status type", "lead status", "deal status", "stage", "deal stage", "lifecycle stage", "pipeline stage", "outcome", "state", "fase",
                   "leadstatus", "stand", "phase", "статус", "стадия", "стадия сделки", "этап", "этап сделки", "статус лида"),
        "sold": ("sold", "sold at", "sold date", "sold datetime", "became a customer date", "sale date", "delivery date", "deal won date", "won date", "won time", "deal won time", "verkocht",
                 "verkocht op", "verkoopdatum", "verkauft", "verkauft am", "verkaufsdatum", "продан", "дата продажи", "продано"),
        "lost": ("lost", "lost at", "lost date", "date lost", "lost time", "deal lost time", "verloren", "verloren op", "verloren am", "потерян", "дата отказа",
                 "inactive date"),
        "lost_reason": ("lost reason", "reason lost", "closed lost reason", "loss reason", "reason for loss", "reden verloren",
                        "verliesreden", "verlustgrund", "absagegrund", "причина отказа", "причина потери", "deal lost reason",
                        "inactive reason", "reason", "reden"),
        "ended": ("ended", "closed", "closed at", "deal deal closed on", "close date", "closing date", "closed time", "closed date", "afgesloten",
                  "afgesloten op", "sluitingsdatum", "abgeschlossen", "abschlussdatum", "geschlossen am", "дата закрытия", "закрыт",
                  "дата завершения"),
        "cost": ("cost", "lead cost", "cost per lead", "kosten", "kosten per lead", "leadkosten", "стоимость лида", "cost cents"),
        "margin": ("margin", "gross profit", "profit", "gross", "marge", "brutowinst", "bruttoertrag", "прибыль", "маржа",
                   "total gross", "margin cents"),
        "opportunity": ("opportunity", "real chance", "is opportunity", "kans", "echte kans", "verkaufschance"),
        "forwarded": ("forwarded", "forwarded to salesperson", "doorgestuurd", "weitergeleitet", "передан"),
        "somebody_free": ("somebody free", "salesperson free"),
        "no_shows": ("no shows", "missed appointments", "no show count"),
        "handed_over": ("handed over", "handed over at", "overgedragen", "übergeben", "передан менеджеру"),
        "dropped": ("dropped", "dropped at first contact", "afgehaakt"),
        "agreed": ("agreed", "call result agreed", "afgesproken"),
    },
    "touches": {
        "lead": _LEAD_OF,
        "started": ("started", "started ms", "started at", "start", "start time", "call start time", "activity date", "activity created", "date",
                    "date time", "timestamp", "created", "created at", "created date", "create date", "activity time", "completed date", "due date", "activity due date",
                    "datum", "datum tijd", "tijdstip", "begonnen", "begin", "zeitpunkt", "datum uhrzeit", "beginn", "дата", "дата и время",
                    "начало", "дата звонка", "дата создания", "contact date", "event date", "activity start date"),
        "started_time": ("time", "tijd", "uhrzeit", "время"),
        "channel": ("channel", "type", "activity type", "comm channel", "task subtype", "activity subtype", "contact type", "kanaal", "soort", "soort activiteit",
                    "art", "aktivitätsart", "kanal", "тип", "тип дела", "тип события", "канал", "method", "activity"),
        "direction": ("direction", "call direction", "call type", "inbound outbound", "richting", "richtung", "направление", "inbound/outbound"),
        "made_by": ("made by", "by", "automated", "is automated", "performed by type", "automatisch", "automatisiert",
                    "автоматически", "sender type", "source type"),
        "person": ("person", "user", "agent", "owner", "call owner", "activity assigned to", "activity assigned to user", "assigned to", "salesperson", "employee", "medewerker",
                   "verkoper", "mitarbeiter", "verkäufer", "сотрудник", "ответственный", "менеджер", "performed by", "created by", "sales rep"),
        "outcome": ("outcome", "result", "call result", "call outcome", "interaction result", "call disposition", "disposition", "resultaat", "uitkomst", "ergebnis",
                    "результат", "итог", "status"),
        "connected": ("connected", "connected ms", "connected at", "answered at", "opgenomen", "verbunden", "соединение", "время ответа"),
        "ended": ("ended", "ended ms", "ended at", "end", "end time", "hang up", "einde", "beëindigd", "ende", "окончание"),
        "talk": ("talk", "talk time", "talk ms", "duration", "call duration", "call duration in seconds", "duration seconds", "gespreksduur", "duur",
                 "gesprächsdauer", "dauer", "длительность", "длительность звонка", "продолжительность"),
        "opportunity": ("opportunity", "real chance", "is opportunity", "echte kans", "verkaufschance"),
        "agreed": ("agreed", "afgesproken", "vereinbart", "договорённость"),
    },
    "visits": {
        "lead": _LEAD_OF,
        "seen": ("seen", "seen ms", "seen at", "date", "timestamp", "visited", "visited at", "visit date", "page view time", "time", "datum",
                 "tijdstip", "bezocht", "zeitpunkt", "besucht", "дата", "дата визита", "время", "last visit", "session start"),
    },
}  # fmt: skip

_CAMEL = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])")
_SIGNS = re.compile(r"[^\w]+|_+")


def plain(header: str) -> str:
    """`Lead_CreatedDate (UTC)` as `lead created date utc`."""
    return " ".join(_SIGNS.sub(" ", _CAMEL.sub(" ", header)).casefold().split())


_KNOWN: Mapping[str, Mapping[str, tuple[str, int]]] = {
    table: {
        plain(name): (field, -place)
        for field, names in reversed(fields.items())
        for place, name in reversed(list(enumerate(names)))
    }
    for table, fields in _BY.items()
}
#: Headers that mean something else in other CRMs: the values decide.
_ALSO: Mapping[str, Mapping[str, tuple[str, ...]]] = {"touches": {"call type": ("channel",)}}
_UNIT = {
    "ms": 1, "s": 1_000, "sec": 1_000, "secs": 1_000, "seconds": 1_000, "sek": 1_000, "seconden": 1_000, "sekunden": 1_000,
    "сек": 1_000, "секунд": 1_000, "min": 60_000, "mins": 60_000, "minutes": 60_000, "minuten": 60_000, "мин": 60_000,
    "минут": 60_000, "h": 3_600_000, "hours": 3_600_000, "uur": 3_600_000, "stunden": 3_600_000, "ч": 3_600_000,
}  # fmt: skip


def unit_ms(header: str) -> int | None:
    """Milliseconds of the unit that a header names ("talk time (sec)"), or None."""
    return next((_UNIT[word] for word in reversed(plain(header).split()) if word in _UNIT), None)


def field_of(table: str, header: str) -> list[tuple[str, float]]:
    """Fields that a header may mean, with how sure that is (0 to 1), best first."""
    said = plain(header)
    known = _KNOWN[table]
    words = said.split()
    bare = " ".join(
        word for word in words if word not in _UNIT and word not in ("utc", "cet", "local", "gmt")
    )
    if found := known.get(said) or known.get(bare):
        also = _ALSO.get(table, {}).get(said, ())
        return [(found[0], 0.95 + found[1] / 1000), *((field, 0.9) for field in also)]
    close: dict[str, float] = {}
    for name, (field, _) in known.items():
        if len(name) > 4 and f" {name} " in f" {said} ":
            close[field] = max(close.get(field, 0.0), 0.5 + 0.3 * len(name) / len(said))
    return sorted(close.items(), key=lambda one: -one[1])
