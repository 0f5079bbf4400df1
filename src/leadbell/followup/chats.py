"""Chats under way: what happened in them becomes facts of their leads, and who waits too long is told so."""

from datetime import datetime

import structlog
from django.db import OperationalError

from leadbell.chat.actions import tell_the_journal, with_news
from leadbell.chat.rules import GONE, QUIET

log = structlog.get_logger("leadbell.clockwork")


def keep_chats(now: datetime) -> int:
    """Tell the journal what happened in chats until `now`; how many there were."""
    found = with_news(now, now - QUIET, now - GONE)
    for chat, lead in found:
        try:
            tell_the_journal(chat, lead, now)
        except OperationalError:
            raise
        except Exception:
            log.exception("a chat could not be told", chat=chat, lead=lead)
    return len(found)
