"""What Leadbell needs and whether it is there, in words."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from leadbell import doorway, postgres, roles, supervise
from leadbell.environment import environment
from leadbell.ring.asterisk import own_node, packages
from leadbell.roles import Urls
from leadbell.trouble import Trouble
from leadbell.words import Words, say

PACKAGES = (
    "django",
    "psycopg",
    "psycopg_binary",
    "lxml",
    "uvicorn",
    "uvloop",
    "aiosmtpd",
    "phonenumbers",
    "holidays",
)
FRONT_END = (
    "tabler.min.css",
    "tabler-icons.min.css",
    "fonts/tabler-icons.woff2",
    "inter.css",
    "htmx.min.js",
    "sse.min.js",
)
#: Below the first nothing runs for long, below the second somebody should look.
LEAST_DISK, LITTLE_DISK = 200_000_000, 2_000_000_000
MOST_CLOCK_DIFFERENCE_S = 2
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. What is not `needed` is good to have."""

    about: Words
    well: bool
    says: Words
    needed: bool = True


def examine(folder: Path, port: int, smtp_port: int) -> Iterator[Finding]:
    """Look at everything, quickest first; nothing is made or changed."""
    yield from _installation()
    yield from _folder(folder)
    yield from _ports(folder, port, smtp_port)
    yield from _database(folder)
    yield from _telephone(folder)
    yield from _for_tests()


def _installation() -> Iterator[Finding]:
    version = platform.python_version()
    yield Finding(
        say("Python"),
        sys.version_info >= (3, 11),
        say("%(version)s; 3.11 or newer is needed", version=version),
    )
    missing = [package for package in PACKAGES if find_spec(package) is None]
    yield Finding(
        say("Packages"),
        not missing,
        say("missing: %(missing)s; run `make setup`", missing=", ".join(missing))
        if missing
        else say("all there"),
    )
    if "DATABASE_URL" not in os.environ:
        try:
            postgres.binary("postgres")
            yield Finding(
                say("PostgreSQL"), True, say("version %(version)s comes along", version=postgres.MAJOR)
            )
        except Trouble as trouble:
            yield Finding(say("PostgreSQL"), False, trouble.sentence)
    absent = [name for name in FRONT_END if not (HERE / "static" / "vendor" / name).exists()]
    yield Finding(
        say("Front-end files"),
        not absent,
        say("missing: %(missing)s; run `make setup`", missing=", ".join(absent))
        if absent
        else say("all there"),
    )
    untranslated = [
        po.parent.parent.name
        for po in HERE.glob("locale/*/LC_MESSAGES/*.po")
        if not po.with_suffix(".mo").exists()
    ]
    yield Finding(
        say("Translations"),
        not untranslated,
        say("not built for %(languages)s; run `make setup`", languages=", ".join(untranslated))
        if untranslated
        else say("built"),
        needed=False,
    )
    zones = find_spec("tzdata") is not None or Path("/usr/share/zoneinfo").exists()
    right = time.time() > 1_700_000_000
    yield Finding(
        say("Clock"),
        right and zones,
        say("the machine's clock is years behind")
        if not right
        else say("right year, time zones known")
        if zones
        else say("no time zones: package tzdata is missing"),
    )


def _folder(folder: Path) -> Iterator[Finding]:
    about = say("Data folder")
    where = folder.absolute()
    there = next(place for place in (where, *where.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            about, False, say("%(folder)s can't be written; choose another with --data", folder=str(there))
        )
        return
    says = (
        say("%(folder)s", folder=str(where))
        if there == where
        else say("%(folder)s will be made", folder=str(where))
    )
    yield Finding(about, True, says)
    free = shutil.disk_usage(there).free
    yield Finding(
        say("Disk"), free >= LEAST_DISK, say("%(gigabytes)s GB free", gigabytes=f"{free / 1e9:.1f}")
    )
    if LEAST_DISK <= free < LITTLE_DISK:
        yield Finding(say("Disk"), False, say("less than 2 GB free: it will be full soon"), needed=False)


def _ports(folder: Path, port: int, smtp_port: int) -> Iterator[Finding]:
    running = supervise.report(folder)
    for about, number, option in (
        (say("Web port"), port, "--port"),
        (say("Mail port"), smtp_port, "--smtp-port"),
    ):
        if number in (running.get("port"), running.get("smtp_port")):
            yield Finding(about, True, say("%(port)s: Leadbell is running there", port=number))
            continue
        try:
            with closing(doorway.bind("127.0.0.1", number, option)):
                yield Finding(about, True, say("%(port)s is free", port=number))
        except Trouble as trouble:
            yield Finding(about, False, trouble.sentence)


def _database(folder: Path) -> Iterator[Finding]:
    about = say("Database")
    if "DATABASE_URL" not in os.environ and not (folder / "postgres" / "data").exists():
        yield Finding(about, True, say("not made yet; `leadbell up` makes it"))
        return
    try:
        with postgres.database(folder) as urls:
            yield from _inside(folder, urls)
    except Trouble as trouble:
        yield Finding(about, False, trouble.sentence)


def _inside(folder: Path, urls: Urls) -> Iterator[Finding]:
    import psycopg

    with psycopg.connect(urls.owner, connect_timeout=10) as connection:
        found = connection.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
        version = connection.info.parameter_status("server_version")
    yield Finding(say("Database"), True, say("PostgreSQL %(version)s answers", version=version))
    apart = abs(time.time() - found[0]) if found else 0.0
    yield Finding(
        say("Database clock"),
        apart <= MOST_CLOCK_DIFFERENCE_S,
        say("%(seconds)s s away from this machine's", seconds=f"{apart:.1f}"),
    )
    for role, url in ((roles.APP, urls.app), (roles.CLOCKWORK, urls.clockwork), (roles.MOUTH, urls.mouth)):
        yield _role(role, url)
    checked = subprocess.run(
        [sys.executable, "-m", "leadbell.migrate", "--check"],
        env=environment(folder, urls, "owner"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    fits = checked.returncode == 0
    yield Finding(
        say("Tables"),
        fits,
        say("fit this version")
        if fits
        else say("are older than this version; `leadbell up` brings them up to date"),
    )


def _role(role: str, url: str) -> Finding:
    import psycopg

    about = say("Role %(role)s", role=role)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            found = connection.execute(
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError as error:
        return Finding(about, False, say("can't sign in: %(error)s", error=str(error).strip()))
    if found and found[0]:
        return Finding(about, False, say("sees every dealer's rows: it is a superuser or has BYPASSRLS"))
    return Finding(about, True, say("signs in, and row-level security holds for it"))


def _telephone(folder: Path) -> Iterator[Finding]:
    """The phone lines: none is needed, but one that was chosen has to work."""
    about = say("Telephone")
    if own_node.is_chosen(folder):
        programs = packages.find()
        version = packages.version(programs) if programs else ""
        yield Finding(
            about,
            bool(version),
            say("%(version)s, a node of our own", version=version)
            if version
            else say("Asterisk is chosen, but isn't here: run `leadbell asterisk install`"),
        )
        yield from _doors_of_the_node(folder)
    elif any(os.environ.get(f"LEADBELL_{name}") for name in ("ASTERISK", "TWILIO_ACCOUNT", "SIP_TRUNK")):
        yield Finding(about, True, say("a line is set up; `leadbell phone check` tries it"))
    else:
        yield Finding(about, True, say("no line: the desk rings (docs/telephone.md)"))
        return
    if os.environ.get("LEADBELL_SIP_TRUNK"):
        there = importlib.util.find_spec("baresip") is not None
        yield Finding(
            say("SIP trunk"),
            there,
            say("what speaks SIP is installed")
            if there
            else say("baresip-python is not installed here: pip install 'leadbell[sip]'"),
        )
    voice = os.environ.get("LEADBELL_SPEECH") or packages.espeak_on_path() or _fetched_voice()
    yield Finding(
        say("Voice"),
        bool(voice),
        say("speaks") if voice else say("espeak-ng is missing: nobody hears who calls"),
        needed=False,
    )


def _doors_of_the_node(folder: Path) -> Iterator[Finding]:
    if "asterisk" in supervise.report(folder).get("processes", {}):
        return
    try:
        for door in own_node.doors(own_node.choose(folder)):
            doorway.look_whether_free(door)
    except Trouble as trouble:
        yield Finding(say("Telephone port"), False, trouble.sentence)


def _fetched_voice() -> tuple[str, ...]:
    programs = packages.find()
    return programs.espeak if programs else ()


def _for_tests() -> Iterator[Finding]:
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    yield Finding(
        say("Chromium"),
        browser is not None,
        say("%(path)s", path=browser) if browser else say("missing; only the browser tests need it"),
        needed=False,
    )
