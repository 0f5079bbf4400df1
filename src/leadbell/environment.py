"""What our processes are told through their environment; `settings.py` reads it."""

import os
from pathlib import Path
from typing import Literal

from leadbell.roles import DJANGO, Urls, keep_secrets

Role = Literal["app", "clockwork", "mouth", "owner"]

#: Whose addresses a process gets to know: its own, and the web's mouth takes in leads.
KNOWN: dict[Role, tuple[Role, ...]] = {
    "app": ("app", "mouth"),
    "clockwork": ("clockwork",),
    "mouth": ("mouth",),
    "owner": ("owner", "app", "clockwork", "mouth"),
}


def environment(folder: Path, urls: Urls, role: Role, **more: str | int) -> dict[str, str]:
    """Our environment with LEADBELL_DATA, _ROLE, _SECRET_KEY, the addresses `role` may know, and `more`."""
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("LEADBELL_DB_")}
    told = {"DATA": folder.absolute(), "ROLE": role, "SECRET_KEY": keep_secrets(folder)[DJANGO], **more}
    told |= {f"DB_{known.upper()}": getattr(urls, known) for known in KNOWN[role]}
    return kept | {f"LEADBELL_{name}": str(value) for name, value in told.items()}
