"""Where the picture of a car may come from: the website itself, or a host that the dealer named. Only browsers ask."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

#: The script cuts what it tells at so many letters: a longer address isn't whole.
LONGEST_SAID = 400
LONGEST_ADDRESS = 500
MOST_HOSTS = 5
#: What an address may be made of as it is; anything else is written as %XX.
_SAFE = "%/:?#[]@!$&()*+,;=~"
_ORIGIN = re.compile(r"https?://(?:[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?")


@lru_cache(maxsize=4096)
def picture_of(said: str, page: str, allowed: frozenset[str]) -> str:
    """The whole address of the picture that the page at `page` names; empty where it may not be shown.

    `allowed` are origins, `https://www.northside.example`. Plain http is taken only of an origin that has it.
    """
    if not said or len(said) >= LONGEST_SAID:
        return ""
    try:
        address = urljoin(page, quote(said.strip(), safe=_SAFE))
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return ""
    if not _ORIGIN.fullmatch(origin):
        return ""
    secure = origin.replace("http://", "https://", 1)
    home = next((one for one in (origin, secure) if one in allowed), None)
    if home is None:
        return ""
    found = home + parts.path + (f"?{parts.query}" if parts.query else "")
    return found if len(found) <= LONGEST_ADDRESS else ""


def may_show(picture: str, allowed: Iterable[str]) -> bool:
    """Whether the picture's host is still one of the website's."""
    return any(picture.startswith(f"{origin}/") for origin in allowed)
