"""The lines there are. Nobody else names one."""

from collections.abc import Mapping

from leadbell.ring.lines.desk import Desk
from leadbell.ring.ports import Engine, Telephone

LINES: dict[str, Telephone] = {"desk": Desk()}


def line_for(name: str) -> Telephone:
    """The line of this name that this process has itself; the desk where it has none."""
    return LINES.get(name, LINES["desk"])


def engines() -> Mapping[str, Engine]:
    """The providers that are set up here, by the name of their line; only the switchboard opens them."""
    return {}
