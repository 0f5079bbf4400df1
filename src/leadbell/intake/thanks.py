"""What the visitor of a dealer's website sees after sending a plain form: a small page in their language."""

import asyncio
import base64
import hashlib
import re
from html import escape
from urllib.parse import parse_qs, urlsplit

from leadbell.settings import LANGUAGES
from leadbell.words import Words

_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { min-height: 90vh; display: grid; place-content: center; margin: 0; padding: 1.5rem; }
main { text-align: center; }
h1 { font-size: 1.75rem; margin: 0 0 .5rem; }
p { max-width: 32rem; margin: 0 auto; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest())
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'sha256-%s'; frame-ancestors *" % _HASH),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""

LONGEST_ADDRESS = 2_000
_MULTIPART_NEXT = re.compile(rb'name="?_next"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n')


def language_for(wishes: str, dealer_language: str) -> str:
    """The first language of the Accept-Language header that we speak; else the dealer's."""
    spoken = {code for code, _name in LANGUAGES}
    for wish in wishes[:200].split(","):
        code = wish.partition(";")[0].strip()[:2].lower()
        if code in spoken:
            return code
    return dealer_language if dealer_language in spoken else "en"


async def page(trouble: Words | None, dealer: str, wishes: str, dealer_language: str) -> bytes:
    """Thank the visitor in the name of the dealer, or say what went wrong."""
    return await asyncio.to_thread(_page, trouble, dealer, language_for(wishes, dealer_language))


def _page(trouble: Words | None, dealer: str, language: str) -> bytes:
    import django
    from django.utils.translation import gettext, override

    django.setup()
    with override(language):
        if trouble:
            title, text = gettext("Your message wasn't sent"), gettext(trouble.text) % trouble.values
        else:
            title = gettext("Thank you!")
            text = gettext("Your message has reached %(dealer)s. You will hear from us soon.") % {
                "dealer": dealer
            }
    return _PAGE.format(language=language, title=escape(title), text=escape(text), style=_STYLE).encode()


def onward(form: bytes, content_type: str, sent_from: str) -> str | None:
    """Where the form's `_next` field leads, if that is on the website that the form stands on."""
    if b"_next" not in form:
        return None
    if content_type.lower().startswith("multipart/"):
        found = _MULTIPART_NEXT.search(form)
        asked = found[1].decode(errors="replace") if found else ""
    else:
        try:
            asked = parse_qs(form.decode("latin-1"), max_num_fields=1000).get("_next", [""])[0]
        except ValueError:
            return None
    try:
        there, here = urlsplit(asked), urlsplit(sent_from)
    except ValueError:
        return None
    same_site = (
        there.scheme in ("http", "https") and there.netloc and there.netloc.lower() == here.netloc.lower()
    )
    printable = asked.isascii() and asked.isprintable() and " " not in asked and "\\" not in asked
    return asked if same_site and printable and len(asked) <= LONGEST_ADDRESS else None
