"""How values are said on screen: reasons, moments, clocks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import phonenumbers
from django import template
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info, gettext, ngettext

from leadbell.conversation.rules import corrections as call_may_have_been
from leadbell.desk.story.story import FORMATS
from leadbell.words import Words

register = template.Library()


@register.filter
def words(value: "Words | Mapping[str, Any] | str | None") -> str:
    """A reason in the reader's language; values named `…_at` become local times, `language` a name."""
    if not value:
        return ""
    if isinstance(value, str):
        return gettext(value)
    text, values = (
        (value.text, value.values) if isinstance(value, Words) else (value["text"], value.get("values"))
    )
    return gettext(text) % {name: _said(name, v) for name, v in values.items()} if values else gettext(text)


def _said(name: str, value: object) -> object:
    if name.endswith("_at") and isinstance(value, str):
        return moment(datetime.fromisoformat(value))
    if name == "language" and isinstance(value, str):
        return language_name(value)
    return value


def language_name(code: str) -> str:
    """`Dutch` for `nl`, in the reader's language; what is no known code stays as it is."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


@register.filter
def format_name(channel: str) -> str:
    """What a delivery is written in: `web form` for `form`."""
    return words(FORMATS.get(channel, channel))


@register.filter
def told(value: Words) -> SafeString:
    """The sentence with its values in bold: who, when, how many."""
    values = {name: format_html("<b>{}</b>", _said(name, v)) for name, v in value.values.items()}
    text = conditional_escape(gettext(value.text))
    return mark_safe(text % values) if values else text  # noqa: S308 (the text and each value are escaped)


@register.filter
def moment(at: "datetime | None") -> str:
    """`10:12` today, `tomorrow 10:12`, `Sat 11:00` within a week, else `12 Mar 10:12`; in the active zone."""
    if at is None:
        return ""
    local, today = timezone.localtime(at), timezone.localdate()
    time = formats.date_format(local, "H:i")
    match (local.date() - today).days:
        case 0:
            return time
        case 1:
            return gettext("tomorrow %(time)s") % {"time": time}
        case -1:
            return gettext("yesterday %(time)s") % {"time": time}
        case days if -7 < days < 7:
            return formats.date_format(local, "D H:i")
        case _ if local.year == today.year:
            return formats.date_format(local, f"j {_month()} H:i")
        case _:
            return formats.date_format(local, f"j {_month()} Y")


def _month() -> str:
    """The letter that formats a short month: only English begins it with a capital."""
    return "M" if (get_language() or "en").startswith("en") else "b"


@register.filter
def proposed(at: datetime) -> str:
    """A time on a button: `today 17:00`, `tomorrow 10:00`, `Sat 11:00`."""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return gettext("today %(time)s") % {"time": formats.date_format(local, "H:i")}
    return moment(at)


@register.filter
def second(at: "datetime | None") -> str:
    """`09:14:02` today, else the day before it: `Fri 16:05:10`, `12 Mar 16:05`."""
    if at is None:
        return ""
    local, today = timezone.localtime(at), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        return formats.date_format(local, "H:i:s")
    return formats.date_format(local, "D H:i:s") if 0 < days < 7 else moment(at)


@register.filter
def day(at: "datetime | None") -> str:
    return formats.date_format(timezone.localtime(at), "l j F") if at else ""


@register.filter
def ran(length: "timedelta | int | float | None") -> str:
    """A length of time: `0:08`, `12:03`, `3 h 05`, `2 days`; seconds where it is a number."""
    if length is None:
        return "–"
    seconds = max(0, int(length.total_seconds() if isinstance(length, timedelta) else length))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    if seconds < 86_400:
        return _hours(seconds)
    return _days(seconds // 86_400)


@register.filter
def ran_in_all(seconds: float) -> str:
    """A sum of lengths in seconds: `12:03`, `3 h 05`, `130 h 20`; a day of talking is no calendar day."""
    return _hours(int(seconds)) if seconds >= 3600 else ran(seconds)


def _hours(seconds: int) -> str:
    minutes = f"{seconds // 60 % 60:02d}"
    return gettext("%(hours)s h %(minutes)s") % {"hours": seconds // 3600, "minutes": minutes}


@register.filter
def late_by(length: timedelta) -> str:
    """`4 min late`, `3 h late`, `2 days late`; `now` within the minute."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return gettext("now")
    if minutes < 60:
        time = gettext("%(minutes)s min") % {"minutes": minutes}
    elif minutes < 24 * 60:
        time = gettext("%(hours)s h") % {"hours": minutes // 60}
    else:
        time = _days(minutes // (24 * 60))
    return gettext("%(time)s late") % {"time": time}


def _days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


@register.filter
def dialled(number: "str | None") -> str:
    """A number as people write it; what can't be understood stays as it is."""
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(number or ""), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
    except phonenumbers.NumberParseException:
        return number or ""


@register.filter
def of(names: Mapping[int, str], person: int) -> str:
    return names.get(person, "?")


@register.filter
def of_lead(shown: Mapping[int, Any], lead: int | None) -> Any:
    """What is known of this lead; None where nothing is."""
    return shown.get(lead) if lead else None


@register.filter
def mail_about(lead: Any) -> str:
    """A `mailto:` address of the lead's customer, with the car as subject."""
    return f"mailto:{quote(lead.customer.email or '', safe='@')}?subject={quote(lead.car)}"


@register.simple_tag
def posts(name: str, number: int | UUID) -> SafeString:
    """The attributes of a form that posts to the resource of a lead or call: with htmx, and without."""
    url = reverse(name, args=[number])
    return format_html('method="post" action="{0}" hx-post="{0}" hx-sync="this:drop"', url)


@register.simple_tag(takes_context=True)
def since(context: Mapping[str, Any], at: datetime, soon: int = 0, late: int = 0) -> SafeString:
    """A clock that runs up from `at`; from `soon` seconds on amber, from `late` on red, before that green."""
    ran_s = (_now(context) - at).total_seconds()
    colour = "" if not late else "late" if ran_s >= late else "soon" if soon and ran_s >= soon else "fine"
    return format_html(
        '<time class="clock {}" data-clock="since" datetime="{}" data-soon="{}" data-late="{}">{}</time>',
        colour, at.isoformat(), soon or "", late or "", ran(ran_s),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def corrections(context: Mapping[str, Any], lead: Any) -> tuple[str, ...]:
    """What the lead's newest call may have been instead of what its line heard."""
    return call_may_have_been(lead.standing, _now(context))


@register.simple_tag(takes_context=True)
def left(context: Mapping[str, Any], at: datetime) -> SafeString:
    """The seconds until `at`, counting down to 0."""
    seconds = max(0, round((at - _now(context)).total_seconds()))
    return format_html(
        '<time class="clock" data-clock="left" datetime="{}">{}</time>', at.isoformat(), seconds
    )


@register.simple_tag(takes_context=True)
def due(context: Mapping[str, Any], at: datetime) -> SafeString:
    """When something is due: red `4 min late`, amber `now`, else the moment."""
    late = _now(context) - at
    if late < timedelta():
        return format_html(
            '<time class="clock" data-clock="due" datetime="{}" title="{}">{}</time>',
            at.isoformat(),
            day(at),
            moment(at),
        )
    colour = "late" if late >= timedelta(minutes=1) else "soon"
    return format_html(
        '<time class="clock {}" data-clock="due" datetime="{}" title="{}">{}</time>',
        colour, at.isoformat(), moment(at), late_by(late),
    )  # fmt: skip


def _now(context: Mapping[str, Any]) -> datetime:
    """The moment the page was asked for."""
    now: datetime = context["now"] if context.get("now") else context["server_now"]
    return now
