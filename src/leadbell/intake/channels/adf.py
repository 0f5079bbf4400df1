"""ADF/XML 1.0, the Auto-lead Data Format, as it really arrives: a lead is never refused because its XML is bad."""

import html
import re
from collections.abc import Iterator, Sequence

from lxml import etree

from leadbell.intake.channels.adf_vehicle import read_vehicle
from leadbell.intake.channels.delivery import NOT_JSON, Delivery
from leadbell.intake.channels.draft import Draft
from leadbell.intake.channels.filing import mention, put
from leadbell.intake.channels.labels import meaning
from leadbell.intake.channels.markup import MOST_ELEMENTS, attribute, plain, tag_of, text_in, tree_of
from leadbell.intake.channels.settling import settle
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.phones import kind_of
from leadbell.words import say

BROKEN = str(say("the XML was too broken to be read whole; look at the delivery as it came"))

_DEEPEST = 8
_MOST_PROSPECTS = 100
_LONGEST_SALVAGED = 200_000

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:adf|prospect)(?=[\s/>])", re.IGNORECASE)
_ESCAPED_ROOT = re.compile(r"&lt;(?:adf|prospect)\s*&gt;", re.IGNORECASE)
_END = re.compile(r"</(?:[A-Za-z_][\w.-]{0,40}:)?(?:adf|prospect)\s*>", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:> ?)+", re.MULTILINE)
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_THEIRS = re.compile(
    r"<customer\b[^<>]*>(.*?)(?:(?=<(?:vendor|provider)\b)|</customer|\Z)", re.IGNORECASE | re.DOTALL
)
_FIELD = re.compile(r"<(e-?mail|phone|name)\b([^<>]*)>([^<]*)", re.IGNORECASE)
_PART = re.compile(r"\bpart\s*=\s*\W?(first|last|full|middle|surname)", re.IGNORECASE)

_NAME_PARTS = {
    "first": "first", "given": "first", "firstname": "first", "middle": "middle", "middlename": "middle",
    "last": "last", "surname": "last", "family": "last", "lastname": "last", "full": "full", "fullname": "full",
}  # fmt: skip


def recognises(delivery: Delivery) -> bool:
    """Has an <adf> or a <prospect> somewhere, in whatever text around it."""
    if delivery.media_type.startswith("multipart/") or delivery.start.startswith("--"):
        return False
    return holds_adf(delivery.text) and delivery.json is NOT_JSON


def holds_adf(text: str) -> bool:
    """Whether ADF begins somewhere in the text, as XML or escaped for a page."""
    if "<" in text and _ROOT.search(text):
        return True
    return "&lt;" in text and _ESCAPED_ROOT.search(text) is not None


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    return read_text(delivery.text, delivery, "adf")


def read_text(text: str, delivery: Delivery, channel: str) -> list[Inquiry] | Refused:
    """Read every prospect of the ADF within a text."""
    return settle(drafts(text, delivery, channel))


def drafts(text: str, delivery: Delivery, channel: str) -> Sequence[Draft]:
    xml = _from_the_root(text)
    root = tree_of(_to_its_end(xml))
    found = [] if root is None else _prospects(root, delivery, channel)
    if any(draft.is_reachable() for draft in found):
        return found
    return list(_salvage(xml, delivery, channel)) or found


def _from_the_root(text: str) -> str:
    """What stands before the root goes, such as prologs in every order and spelling; mail's marks go too."""
    root = _ROOT.search(text)
    if not root:
        text = html.unescape(text)
        root = _ROOT.search(text)
    xml = text[root.start() :] if root else text
    if '=3D"' in xml or "=3D'" in xml:
        xml = xml.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
    if xml.count("\n>") >= max(3, xml.count("\n") - 2):
        xml = _QUOTED.sub("", xml)
    return xml


def _to_its_end(xml: str) -> str:
    """Without what stands after the last end of the root, such as the footer of a mail."""
    end = 0
    for found in _END.finditer(xml):
        end = found.end()
    return xml[:end] if end else xml


def _prospects(root: etree._Element, delivery: Delivery, channel: str) -> list[Draft]:
    prospects = []
    strays = []
    for element in root.iter():
        tag = tag_of(element)
        if tag == "prospect":
            prospects.append(element)
        elif tag in ("customer", "vehicle", "provider", "requestdate"):
            strays.append(element)
        if len(prospects) >= _MOST_PROSPECTS:
            break
    found = []
    for prospect in prospects or [root]:
        draft = Draft(channel, delivery)
        _read_prospect(prospect, draft)
        found.append(draft)
    if len(prospects) == 1:
        for stray in strays[:MOST_ELEMENTS]:
            if not any(tag_of(above) == "prospect" for above in stray.iterancestors()):
                _read_part(stray, found[0], 0)
    return found


def _read_prospect(prospect: etree._Element, draft: Draft, depth: int = 0) -> None:
    for element in prospect:
        _read_part(element, draft, depth)


def _read_part(element: etree._Element, draft: Draft, depth: int) -> None:
    tag = tag_of(element)
    if tag == "prospect":
        return
    if tag == "vehicle":
        read_vehicle(element, draft)
    elif tag in ("customer", "contact"):
        _read_customer(element, draft, depth)
    elif tag == "provider":
        _read_provider(element, draft)
    elif tag == "requestdate":
        draft.asked(text_in(element))
    elif tag == "id":
        draft.numbered(text_in(element))
    elif not _read_way_to_contact(tag, element, draft):
        _read_unknown(tag, element, draft, depth)


def _read_unknown(tag: str, element: etree._Element, draft: Draft, depth: int) -> None:
    """A vendor, of whom we note the name, or an element that ADF doesn't have: a wrapper, or one more thing to know."""
    if tag in ("comments", "comment", "notes"):
        text = text_in(element)
        draft.tell(text)
        mention(draft, plain(text))
    elif len(element) and depth < _DEEPEST:
        what = meaning(tag)
        if what and (what.part == "vendor" or what.about == "vendor"):
            _read_vendor(element, draft)
        else:
            _read_prospect(element, draft, depth + 1)
    else:
        put(draft, tag, text_in(element), "customer")


def _read_vendor(vendor: etree._Element, draft: Draft) -> None:
    for element in vendor:
        if tag_of(element) in ("vendorname", "name"):
            draft.name_dealer("vendor", text_in(element))


def _read_customer(customer: etree._Element, draft: Draft, depth: int) -> None:
    """A <customer> or a <contact>; the primary contact first, in any order and nesting."""
    nameless: list[str] = []
    contacts = 0
    for element in sorted(customer, key=lambda part: attribute(part, "primarycontact") not in ("1", "true")):
        tag = tag_of(element)
        if tag == "id":
            continue
        if tag == "timeframe":
            _read_timeframe(element, draft)
        elif tag == "name":
            nameless += _read_name(element, draft)
        elif tag in ("customer", "contact") and depth < _DEEPEST:
            _read_contact(element, draft, depth + 1, first=not contacts)
            contacts += 1
        elif not _read_way_to_contact(tag, element, draft):
            _read_part(element, draft, depth + 1)
    _take_nameless(nameless, draft)


def _read_contact(contact: etree._Element, draft: Draft, depth: int, first: bool) -> None:
    if first:
        _read_customer(contact, draft, depth)
    else:
        second = Draft(draft.channel, draft.delivery)
        _read_customer(contact, second, depth)
        draft.also(second)


def _read_way_to_contact(tag: str, element: etree._Element, draft: Draft) -> bool:
    """An e-mail address, a telephone, an address or a name, wherever they stand."""
    preferred = attribute(element, "preferredcontact").strip().lower() in ("1", "true", "yes")
    if tag in ("email", "e-mail"):
        draft.email(text_in(element), preferred)
        if preferred:
            draft.note("Prefers to be contacted by", "e-mail")
    elif tag == "phone":
        _read_phone(element, draft, preferred)
    elif tag == "address":
        for part in element:
            draft.place(_PLACES.get(tag_of(part), "street"), text_in(part))
        if not len(element):
            draft.place("address", text_in(element))
    elif tag == "name":
        _take_nameless(_read_name(element, draft), draft)
    else:
        return False
    return True


_PLACES = {
    "street": "street", "apartment": "street", "city": "city", "regioncode": "region", "region": "region",
    "state": "region", "postalcode": "postal", "zip": "postal", "country": "country",
}  # fmt: skip


def _read_phone(element: etree._Element, draft: Draft, preferred: bool) -> None:
    """Senders put free text, an e-mail address or nothing in <phone>; the text is kept beside the number."""
    text = text_in(element)
    extension = attribute(element, "extension") or attribute(element, "ext")
    if "@" in text:
        draft.email(text, preferred)
        return
    draft.phone(
        f"{text} ext. {extension}" if extension else text, kind_of(attribute(element, "type")), preferred
    )
    time = attribute(element, "time").lower()
    if text.strip() and time not in ("", "nopreference", "no preference"):
        draft.note("Best time to call", time)
    if preferred and text.strip():
        draft.note("Prefers to be contacted by", "phone")


def _read_name(element: etree._Element, draft: Draft) -> list[str]:
    """File a name under its part; returned is what names no part."""
    children = list(element)
    for child in children:
        said = attribute(child, "type") or attribute(child, "part") or ""
        part = _NAME_PARTS.get(tag_of(child)) or _NAME_PARTS.get(said.strip().lower())
        if part:
            draft.name(part, text_in(child))
    said = (attribute(element, "part") or "").strip().lower()
    kind = (attribute(element, "type") or "").strip().lower()
    text = element.text or ""
    part = _NAME_PARTS.get(said) or _NAME_PARTS.get(kind)
    if not text.strip():
        return []
    if kind == "business" and part in (None, "full"):
        draft.name("company", text)
    elif part:
        draft.name(part, text)
    elif text.strip():
        return [text.strip()]
    return []


def _take_nameless(texts: Sequence[str], draft: Draft) -> None:
    """<name>John</name><name>Doe</name> is one name; beside a first name, a lone one is the last name."""
    if not texts:
        return
    if "first" in draft.names and "last" not in draft.names:
        draft.name("last", " ".join(texts))
    elif "last" in draft.names and "first" not in draft.names:
        draft.name("first", " ".join(texts))
    else:
        draft.name("full", " ".join(dict.fromkeys(texts)))


def _read_timeframe(element: etree._Element, draft: Draft) -> None:
    said = {tag_of(part): text_in(part).strip() for part in element}
    between = " to ".join(filter(None, (said.get("earliestdate", ""), said.get("latestdate", ""))))
    told = ", ".join(filter(None, (said.get("description", ""), between)))
    draft.note("Timeframe", told or text_in(element))


def _read_provider(provider: etree._Element, draft: Draft) -> None:
    """Its name, else its service: a provider's telephone never becomes the customer's."""
    names = [text_in(part) for part in provider if tag_of(part) == "name"] or [provider.text or ""]
    services = [text_in(part) for part in provider if tag_of(part) == "service"]
    for name in (*names, *services):
        draft.sent_by(name)


def _salvage(xml: str, delivery: Delivery, channel: str) -> Iterator[Draft]:
    """What still looks like a customer's name, telephone and e-mail in text that is no XML any more."""
    seen = _HIDDEN.sub("", xml[:_LONGEST_SALVAGED])
    for theirs in _THEIRS.finditer(seen):
        draft = Draft(channel, delivery)
        for tag, attributes, text in _FIELD.findall(theirs[1]):
            if tag.lower() == "phone":
                draft.phone(text)
            elif tag.lower() == "name":
                part = _PART.search(attributes)
                draft.name(_NAME_PARTS[part[1].lower()] if part else "full", text)
            else:
                draft.email(text)
        if draft.is_reachable():
            draft.warn(BROKEN)
            yield draft
