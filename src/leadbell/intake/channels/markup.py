"""XML and HTML as they really arrive: mended, or turned into the text a person would see."""

import html
import re
from collections.abc import Mapping
from functools import lru_cache

from lxml import etree

from leadbell.intake.channels.labels import listed

#: A lead has a few dozen elements; a hostile one must not cost more than this many.
MOST_ELEMENTS = 6_000
_MOST_COMMENTS = 20
_DEEPEST = 60
_LONGEST_HTML = 300_000
_LONGEST_MENDED = 300_000

_TAG = r"(?:[A-Za-z_][A-Za-z0-9_.-]*:)?(?P<tag>[A-Za-z_][A-Za-z0-9_.-]*)(?=[\s/>])"
_PIECE = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<\?[^<>]*>|<![A-Za-z\[][^<>]*>"
    rf"|<(?:(?P<end>/)\s*)?{_TAG}(?P<attributes>(?:[^<>\"']|\"[^\"<]{{0,2000}}\"|'[^'<]{{0,2000}}'){{0,2000}}|[^<>]{{0,2000}})>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([A-Za-z_][\w.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>]+))""", re.ASCII)
_TYPOGRAPHIC = str.maketrans("“”„‟″«»‘’‚", '"' * 7 + "'" * 3)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)

_STRICT = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)
_LENIENT = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
    recover=True,
)

#: ADF elements, and what each closes that was left open: nothing else can tell where an unclosed <name> ends.
_CONTACTS = listed("contact customer vendor provider prospect adf")
_HOLDERS: Mapping[str, frozenset[str]] = {
    "prospect": listed("adf"),
    **dict.fromkeys(listed("vehicle customer vendor provider requestdate"), listed("prospect adf")),
    "contact": _CONTACTS - {"contact"},
    **dict.fromkeys(listed("name email phone address timeframe"), _CONTACTS),
    **dict.fromkeys(listed("vendorname service"), listed("vendor provider prospect adf")),
    **dict.fromkeys(
        listed(
            "option finance colorcombination year make model vin trim odometer condition bodystyle transmission doors "
            "imagetag pricecomments"
        ),
        listed("vehicle prospect adf"),
    ),
    **dict.fromkeys(
        listed("street city regioncode postalcode country apartment"),
        listed("address contact customer prospect adf"),
    ),
}
_LEAVES = listed(
    "id requestdate year make model vin stock trim doors bodystyle transmission odometer condition imagetag "
    "price pricecomments optionname manufacturercode weighting method amount balance interiorcolor "
    "exteriorcolor preference email phone street apartment city regioncode postalcode country url service "
    "vendorname description earliestdate latestdate"
)


def tree_of(text: str) -> etree._Element | None:
    """The elements of XML without its prolog: as they stand where they are well-formed, else mended."""
    if text.count("<") <= 2 * MOST_ELEMENTS and not _DOCTYPE.search(text):
        try:
            return etree.fromstring(text, _STRICT)
        except (etree.XMLSyntaxError, ValueError):
            pass
    try:
        return etree.fromstring(mend(text), _LENIENT)
    except (etree.XMLSyntaxError, ValueError):
        return None


def tag_of(element: etree._Element) -> str:
    """The element's name without namespace and in lower case; empty for what is no element."""
    tag = element.tag
    return _bare(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1024)
def _bare(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def attribute(element: etree._Element, name: str) -> str:
    """The attribute's value, whatever its case; empty where there is none."""
    value = element.get(name)
    if value is None and len(element.attrib):
        value = next((str(value) for key, value in element.items() if str(key).lower() == name), "")
    return value or ""


def text_in(element: etree._Element) -> str:
    return "".join(texts_in(element)) if len(element) else element.text or ""


def texts_in(element: etree._Element) -> list[str]:
    return [text for text in element.itertext() if isinstance(text, str)]


def mend(text: str) -> str:
    """XML that a parser accepts, with one root around it all.

    Tags are lower-cased and lose their namespace; an element left open is closed where ADF's order says so;
    what only looks like a tag (`<https://…>`, `< 5000`) is text; entities are characters.
    """
    text = _close_last(_close_last(text[:_LONGEST_MENDED], "<!--", "-->"), "<![CDATA[", "]]>")
    out = ["<mended>"]
    stack: list[str] = []
    at = elements = 0
    for piece in _PIECE.finditer(text):
        out.append(_as_text(text[at : piece.start()]))
        at = piece.end()
        if piece["cdata"] is not None:
            out.append(html.escape(piece["cdata"], quote=False))
        elif piece["tag"]:
            tag = piece["tag"].lower()
            if piece["end"]:
                _close(out, stack, tag)
                continue
            elements += 1
            if elements > MOST_ELEMENTS:
                at = len(text)
                break
            _close_what_was_left_open(out, stack, tag)
            if len(stack) < _DEEPEST:
                _open(out, stack, tag, piece["attributes"])
    out.append(_as_text(text[at:]))
    out.extend(f"</{tag}>" for tag in reversed(stack))
    out.append("</mended>")
    return _NOT_XML.sub("", "".join(out))


def _close_last(text: str, opening: str, closing: str) -> str:
    """An opening mark that nothing closes is no mark: what follows it is still part of the lead."""
    if opening not in text:
        return text
    last = text.rfind(closing)
    last = max(last, 0)
    return text[:last] + text[last:].replace(opening, "")


def _as_text(text: str) -> str:
    if "&" in text:
        text = unescape(text)
        text = text.replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _open(out: list[str], stack: list[str], tag: str, attributes: str) -> None:
    out.append("<" + tag)
    if "=" in attributes:
        seen = set()
        for found in _ATTRIBUTE.finditer(attributes.translate(_TYPOGRAPHIC)):
            name = found[1].lower()
            if name not in seen and not name.startswith("xml"):
                seen.add(name)
                value = found[2] or found[3] or found[4] or ""
                out.append(f' {name}="{html.escape(unescape(value))}"')
    if attributes.rstrip().endswith("/"):
        out.append("/>")
    else:
        out.append(">")
        stack.append(tag)


def _close(out: list[str], stack: list[str], tag: str) -> None:
    if tag in stack:
        while True:
            last = stack.pop()
            out.append(f"</{last}>")
            if last == tag:
                return


def _close_what_was_left_open(out: list[str], stack: list[str], tag: str) -> None:
    while stack and stack[-1] in _LEAVES:
        out.append(f"</{stack.pop()}>")
    holders = _HOLDERS.get(tag)
    if holders:
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth] in holders:
                out.extend(f"</{left}>" for left in reversed(stack[depth + 1 :]))
                del stack[depth + 1 :]
                return


def unescape(text: str) -> str:
    """Entities as characters; a bare & stays."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


_HIDDEN = re.compile(r"<(style|script|head|title|svg)\b[^<>]*>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DATA_URL = re.compile(r"data:[a-z/+.-]{3,40};base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>\s*<t[dh]\b[^<>]*>", re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_LINE = re.compile(r"</?(?:div|li|tr|dt|dd|hr|tbody|option|label|td|th)\b[^<>]*>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</?(?:p|table|h[1-6]|ul|ol|dl|section|blockquote)\b[^<>]*>", re.IGNORECASE)
_SPACES = re.compile(r" {2,}")
_BREAKS = re.compile(r" ?[\x01\x02](?: ?[\x01\x02])* ?")
_TERM = re.compile(r"</dt\s*>\s*<dd\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<![A-Za-z][^<>]*>|</?[A-Za-z][A-Za-z0-9:]*(?=[\s/>])[^<>]*>")
_LOOKS_MARKED_UP = re.compile(
    r"</?(?:br|p|div|li|ul|b|i|strong|em|span|table|tr|td|h[1-6]|font|a|html)\b[^<>]*>", re.I
)


def plain(text: str) -> str:
    """Text as it is, or without its HTML where it holds some (senders put HTML in CDATA)."""
    if "<" in text and _LOOKS_MARKED_UP.search(text):
        return text_of_html(text)
    return unescape(text)


def comments_in(source: str) -> list[str]:
    """The first comments of a page; some senders hide data in them."""
    found: list[str] = []
    start = source.find("<!--")
    while start >= 0 and len(found) < _MOST_COMMENTS:
        end = source.find("-->", start + 4)
        if end < 0:
            break
        found.append(source[start + 4 : end])
        start = source.find("<!--", end)
    return found


def text_of_html(source: str) -> str:
    """What a person would see of the page: lines for blocks, a tab between the cells of a table row."""
    source = _close_last(source, "<!--", "-->")
    source = _DATA_URL.sub("", _COMMENT.sub("", source))[:_LONGEST_HTML]
    source = _without_hidden(source)
    source = source.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    source = _TERM.sub("\t", _CELL.sub("\t", source.replace("\x01", "").replace("\x02", "")))
    source = _PARAGRAPH.sub("\x02", _LINE.sub("\x01", _LINE_BREAK.sub("\n", source)))
    source = _SPACES.sub(" ", _ANY_TAG.sub("", source))
    source = _BREAKS.sub(lambda found: "\n\n" if "\x02" in found[0] else "\n", source)
    return unescape(source).replace("\xa0", " ")


def _without_hidden(source: str) -> str:
    kept = []
    at = 0
    while found := _HIDDEN.search(source, at):
        kept.append(source[at : found.start()])
        end = re.compile(rf"</{found[1]}\s*>", re.IGNORECASE).search(source, found.end())
        at = end.end() if end else found.end()
        if not end:
            break
    kept.append(source[at:])
    return "".join(kept)
