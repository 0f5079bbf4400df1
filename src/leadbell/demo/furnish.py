"""Furnishes the demo before its other processes start; later starts let the missing days pass."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from leadbell.trouble import Trouble


def main(fresh: bool) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    django.setup()
    from leadbell.demo import actions, stage

    now = datetime.now(UTC)
    if fresh:
        actions.clear()
    if stage.is_empty():
        with _told("Inventing 90 days at an importer and three dealers", actions.DAYS, now) as progress:
            actions.furnish(now, progress=progress)
    elif not stage.is_set_up():
        raise Trouble("There is a dealer in this folder already: choose another with --data.")
    elif (since := actions.newest()) and now - since >= actions.STALE_AFTER:
        days = (now - since).days
        with _told("Telling what happened since the demo ran last", days, now) as progress:
            actions.move_on(since, now, progress=progress)
    _invite(stage.the_key())


@contextmanager
def _told(what: str, days: int, now: datetime) -> Iterator[Callable[[datetime], None]]:
    """A bar that fills as the days are told. Nothing of it is thrown away meanwhile: no garbage is looked for."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(highlight=False)
    began = time.monotonic()
    gc.disable()
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=days * 86_400)
        yield lambda at: bar.update(task, completed=days * 86_400 - (now - at).total_seconds())
    gc.enable()
    console.print(f"{what}: done in {time.monotonic() - began:.1f} s.")


def _invite(key: str) -> None:
    from django.conf import settings
    from rich.console import Console

    print_ = Console(highlight=False, soft_wrap=True).print
    print_(f"  1. Open [bold]{settings.PUBLIC_URL}[/] and sign in as Rosa Visser with one click.")
    print_("  2. Send a lead from another terminal, and her desk rings:")
    print_(f"     [bold]curl --data-binary @examples/lead.adf.xml {settings.PUBLIC_URL}/in/{key}[/]")
    print_("  Northside's demo hours are round the clock, so that it rings whenever you try it.")
    print_("  Colleagues are played by the demo as long as nobody is signed in as them.")


if __name__ == "__main__":
    try:
        main("--fresh" in sys.argv[1:])
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)
