"""A disk that is full: senders are told in words, nothing that was promised is lost, and it goes on afterwards."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import promises
from tests.crash.house import House
from tests.crash.notebook import Delivery, Notebook, Receipt
from tests.crash.senders import adf
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux mounts a small disk in memory"),
]

DISK = "180m"
CARS = ("Hyundai Kona", "Kia EV6", "Volvo EX30")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "leadbell-test", str(where)],
        capture_output=True, text=True, check=False,
    ) if os.geteuid() == 0 else None  # fmt: skip
    if mounted is None or mounted.returncode:
        why = mounted.stderr.strip() if mounted else "only root may mount one"
        pytest.skip(f"A FULL DISK IS NOT TESTED: there is no small disk to fill ({why})")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


@pytest.fixture
def house(disk: Path) -> Iterator[House]:
    made = House(disk / "data")
    yield made
    made.remove()


class Door:
    """Posts one large lead after another."""

    def __init__(self, house: House, key: str, notebook: Notebook) -> None:
        self.house, self.key, self.notebook = house, key, notebook
        self.customers = 0
        self.refused: list[str] = []

    def post(self) -> bool:
        """Whether it was kept; whoever was sent away stays away."""
        where = self.house.http
        if where is None:
            return False
        # Bytes that can't be packed fill the disk quickest.
        body = (
            adf([self.customers + 1], CARS[self.customers % 3])
            + f"<!-- {os.urandom(40_000).hex()} -->".encode()
        )
        connection = http.client.HTTPConnection(*where, timeout=30)
        try:
            connection.request("POST", f"/in/{self.key}", body, {"Content-Type": "application/xml"})
            response = connection.getresponse()
            said = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            self.notebook.odd.append(f"no answer: {error!r}")
            return False
        finally:
            connection.close()
        if response.status == 202:
            self.customers += 1
            delivery = Delivery("http", self.key, body, (self.customers,), "application/xml")
            self.notebook.receipts.append(Receipt(delivery, said["envelope"]))
            return True
        assert response.status == 503, f"{response.status} {said}"
        self.refused.append(said["error"])
        return False


def test_a_full_disk_is_told_in_words_and_costs_no_lead(house: House, disk: Path) -> None:
    notebook = Notebook()
    door = Door(house, house.prepare()["keys"][0], notebook)
    house.start()
    assert all(door.post() for _ in range(20))
    ballast = disk / "ballast"
    _fill(ballast)
    assert eventually(lambda: not door.post(), 60), "it went on, on a full disk"
    for _ in range(30):
        door.post()
    assert all(reason.endswith(".") and "kept" in reason for reason in door.refused), door.refused
    print("refused with:", *set(door.refused), sep="\n  ")
    ballast.unlink()
    assert eventually(door.post, 90), house.said()
    assert all(door.post() for _ in range(20)), door.refused[-1]
    with house.reading() as database:
        assert eventually(lambda: promises.is_at_rest(database), 60), promises.unrest(database)
        assert [*notebook.odd, *promises.of_envelopes(database, notebook)] == []
        assert list(promises.of_customers(database, range(1, door.customers + 1))) == []
    assert json.loads(house.run("leadbell", "ledger", "--data", str(house.folder), "--json").stdout)[
        "balanced"
    ]
    assert house.stop() == 0
    assert not house.family()


def _fill(ballast: Path) -> None:
    """Everything that is left, to the last byte."""
    with open(ballast, "wb", buffering=0) as file:
        for size in (1_048_576, 4_096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
