"""A visitor becomes a person: by a form or chat that names their browser, or by a call to a number shown to them."""

import json
from datetime import datetime
from typing import Any

from leadbell import statement
from leadbell.lead import visitor
from leadbell.visits.rules import visitor_id

_JOIN = "select leadbell_join_visitor(%(dealer)s, %(browser)s::uuid, %(lead)s, %(how)s, %(evidence)s::jsonb, %(at)s)"
#: At most one lease of a number holds at any moment.
_SHOWN_TO = """
select v.uid, v.customer_id is not null, l.shown_at from leadbell_numberlease l
join leadbell_visitor v on v.uid = l.visitor and v.site_id = l.site_id
where l.dealer_id = %(dealer)s and l.number = %(number)s and l.began_at <= %(at)s and l.held_until > %(at)s
    and v.own_since is null
"""


def join_by_inquiry(
    dealer: int, lead: int, browser: str, envelope: str, at: datetime, how: visitor.How = "form"
) -> None:
    """The envelope holds the browser's id: its visitor is the lead's customer. An unknown id joins nobody."""
    _join(dealer, lead, browser, how, {"envelope": envelope}, at)


def join_by_call(dealer: int, lead: int, number: int, called: str, at: datetime, is_named: bool) -> None:
    """The lead's customer called the tracking number `number` (`called`, E.164): whoever is shown it now is them.

    Who calls without a number (not `is_named`) doesn't take a browser away from somebody whose name we know.
    """
    for browser, is_known, shown_at in statement.run(
        _SHOWN_TO, {"dealer": dealer, "number": number, "at": at}
    ):
        if is_named or not is_known:
            evidence = {"number": called, "shown_at": shown_at.isoformat()}
            _join(dealer, lead, browser.hex, "call", evidence, at)


def _join(dealer: int, lead: int, browser: str, how: str, evidence: dict[str, Any], at: datetime) -> None:
    uid = visitor_id(browser)
    if uid is None:
        return
    statement.tell(
        _JOIN,
        {"dealer": dealer, "browser": uid, "lead": lead, "how": how, "evidence": json.dumps(evidence), "at": at},
    )  # fmt: skip


visitor.hear(join_by_inquiry)
