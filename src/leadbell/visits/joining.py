"""A visitor becomes a person: by a form or chat that names their browser, or by a call to a number shown to them."""

import json
from datetime import datetime
from typing import Any

from leadbell import statement
from leadbell.lead import visitor
from leadbell.visits.rules import visitor_id

_JOIN = "select leadbell_join_visitor(%(dealer)s, %(browser)s::uuid, %(lead)s, %(how)s, %(evidence)s::jsonb, %(at)s)"


def join_by_inquiry(
    dealer: int, lead: int, browser: str, envelope: str, at: datetime, how: visitor.How = "form"
) -> None:
    """The envelope holds the browser's id: its visitor is the lead's customer. An unknown id joins nobody."""
    _join(dealer, lead, browser, how, {"envelope": envelope}, at)


def join_by_call(dealer: int, lead: int, browser: str, number: str, at: datetime) -> None:
    """The lead's customer called `number` (E.164), which was shown to this browser alone."""
    _join(dealer, lead, browser, "call", {"number": number}, at)


def _join(dealer: int, lead: int, browser: str, how: str, evidence: dict[str, Any], at: datetime) -> None:
    uid = visitor_id(browser)
    if uid is None:
        return
    statement.tell(
        _JOIN,
        {"dealer": dealer, "browser": uid, "lead": lead, "how": how, "evidence": json.dumps(evidence), "at": at},
    )  # fmt: skip


visitor.hear(join_by_inquiry)
