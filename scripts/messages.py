"""Collect what people read into src/leadbell/locale/*/LC_MESSAGES/django.po; needs Debian's gettext.

With languages as arguments only those. Beside Django's own markers it knows `say(…)` (leadbell.words) and
`Trouble(…)` (leadbell.trouble).
"""

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.core.management.commands import makemessages

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "leadbell"
LANGUAGES = ["nl", "ru"]


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=say", "--keyword=Trouble"]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    os.chdir(PACKAGE)
    django.setup()
    languages = sys.argv[1:] or LANGUAGES
    for language in languages:
        (PACKAGE / "locale" / language / "LC_MESSAGES").mkdir(parents=True, exist_ok=True)
    call_command(
        Command(),
        locale=languages,
        ignore_patterns=["static/*"],
        add_location="file",
        no_wrap=True,
        no_obsolete=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
