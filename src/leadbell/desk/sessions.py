"""Django's sessions in the database, read by one prepared statement: each request begins with one."""

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from leadbell import statement

_LOAD = "select session_data from django_session where session_key = %(key)s and expire_date > %(now)s"


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        """What the session says; nothing where it ended or never was."""
        found = statement.run(_LOAD, {"key": self.session_key, "now": timezone.now()})
        if not found:
            self._session_key = None
            return {}
        return self.decode(found[0][0])
