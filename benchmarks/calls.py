"""Real calls over a real Asterisk: how soon phones ring, whether many can talk at once, and that one lead stays one's."""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks import alaw
from benchmarks.desks import open_desks
from benchmarks.figures import Figure
from benchmarks.house import ROOT, TELEPHONE, House, house
from benchmarks.leads import adf
from benchmarks.processes import family, megabytes
from leadbell.ring.asterisk import own_node, packages
from leadbell.ring.asterisk.files import Choices, Trunk
from leadbell.trouble import Trouble

MOST_TO_RING_MS, MOST_TO_DIAL_MS, MOST_TO_STOP_MS, MOST_OF_A_CORE = 150, 50, 100, 15.0
PEOPLE, AT_ONCE, LEADS = 10, 4, 20
#: Between the moments at which the people of one dealer press 1 and those of the next one do.
APART_S = 0.4
#: Salespeople's numbers begin so, those of customers never do.
AT_WORK = "+3165"
#: Customers of one measurement never come back in another: whoever asks again has no new lead.
PEAK_FROM, TALKING_FROM, ALL_RING_FROM = 500_000, 1_000_000, 2_000_000
WARM_S = 5
#: After the last lead: a bell, who thinks, and the customer's phone.
ENDED_WITHIN_S = 120
#: A phone that is still on the line so long after the last call hangs.
HANGS_AFTER_S = 10.0
#: What the phones say before their tone, and what Asterisk keeps in its buffer.
BEGINS_S, ENDS_S = 4.0, 1.5
LOUD = 8000
#: Everybody has picked up at the same moment: by then every whisper is spoken, as it is when people press.
WHISPERED_S = 4.0

Row = dict[str, Any]
QUIET: dict[str, Any] = {"picks_up": None, "presses": None, "talks": None, "sound": False}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    dealers: int
    #: (leads a second, seconds): as many as two cores carry with all the phones, and those of a whole country.
    steady: tuple[float, float]
    peak: tuple[float, float] | None
    talking: int
    talk_s: float
    #: Of leads that ring everywhere: all at the same moment, and one after the other.
    rounds: int
    rounds_apart: int


WHOLE = Size(dealers=50, steady=(10, 60), peak=(30, 60), talking=100, talk_s=30, rounds=5, rounds_apart=3)
QUICK = Size(dealers=20, steady=(10, 8), peak=None, talking=20, talk_s=6, rounds=1, rounds_apart=1)


def measure(quick: bool) -> Iterator[Figure]:
    """Everything in one house; without an Asterisk nothing is measured, and a figure says so."""
    size = QUICK if quick else WHOLE
    try:
        packages.install(lambda what, part: None)
    except Trouble as trouble:
        yield Figure("calls", "NOT MEASURED: there is no Asterisk here", 0, "", 1, True, str(trouble))
        return
    chosen = Choices(
        trunks=(Trunk(f"127.0.0.1:{_free_port()}", check_s=0),), ari_port=_free_port(), sip_host="127.0.0.1",
        sip_port=_free_port(), rtp_ports=(21_000, 25_998),
    )  # fmt: skip
    jobs = ("web", "clockwork", "smtp", TELEPHONE)
    with house(
        "calls", *jobs, dealers=size.dealers, people=PEOPLE,
        prepare=lambda folder: _choose(folder, chosen),
    ) as (built, told):  # fmt: skip
        outside = int(chosen.trunks[0].host.rpartition(":")[2])
        with _phones(outside) as phones, built.reading() as database:
            here = Here(size, built, told, phones, database)
            here.open_lines()
            yield from _ringing(here, *size.steady)
            yield from _talking(here)
            if size.peak:
                yield from _ringing(here, *size.peak, PEAK_FROM)
            # Last: from then on every lead rings at everybody.
            yield from _one_lead_one_person(here)


class Phones:
    """The process with the phones."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        began = self._answer()
        #: What to add to its seconds to get those since 1970.
        self.epoch = float(began["wall"]) - float(began["now"])

    def order(self, do: str, **more: Any) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def behave(self, salesperson: Row, customer: Row, silent_ones: Sequence[str] = ()) -> None:
        self.order(
            "behave",
            salesperson=QUIET | salesperson,
            customer=QUIET | customer,
            silent_ones=list(silent_ones),
        )

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@dataclass
class Here:
    """The house, its phones, and its journal."""

    size: Size
    house: House
    told: dict[str, Any]
    phones: Phones
    database: "psycopg.Connection[Any]"

    def open_lines(self) -> None:
        """Every dealer rings over Asterisk, everybody has a phone of their own, and every call is recorded."""
        self.database.execute(
            "update leadbell_person set phone = %s || lpad(id::text, 7, '0'), extension = ''", [AT_WORK]
        )
        self.database.execute(
            "insert into leadbell_phoneline (dealer_id, kind, place, enabled, caller_id, trunk, created_at) "
            "select id, 'asterisk', 1, true, '+31201234567', '', now() from leadbell_organisation"
        )
        self.database.execute(
            "insert into leadbell_phonerules (dealer_id, recording, keep_days, countries, prompts, quiet_from, quiet_until) "
            "select id, 'silent', 90, '{}', '{}', 0, 0 from leadbell_organisation"
        )
        self.until("select bool_and(seen_at is not null) from leadbell_phoneline", 30)

    def until(self, asked: str, within_s: float) -> None:
        give_up_at = time.monotonic() + within_s
        while not self.one(asked):
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"not within {within_s} s: {asked}\n{self.house.out.read_text()[-2000:]}")
            time.sleep(0.05)

    def one(self, asked: str) -> Any:
        row = self.database.execute(asked).fetchone()
        return row[0] if row else None

    def post(self, numbers: Sequence[int], dealers: Sequence[int]) -> None:
        """One after the other, on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=10)
        for number, dealer in zip(numbers, dealers, strict=True):
            path = f"/in/{self.told['dealers'][dealer]['key']}"
            connection.request("POST", path, adf(number), {"content-type": "application/xml"})
            answer = connection.getresponse()
            if answer.status != 202:
                raise RuntimeError(f"{answer.status} {answer.read()!r}")
            answer.read()
        connection.close()

    def everything_ends(self) -> None:
        """Nobody rings or talks any more, and no lead rings again, as it would for half an hour or at its next attempt."""
        give_up_at = time.monotonic() + ENDED_WITHIN_S
        while self.one("select count(*) from leadbell_call where status <> 'over'"):
            if time.monotonic() > give_up_at:
                stuck = self.database.execute(
                    "select status, now() - asked_at, steps from leadbell_call where status <> 'over' order by asked_at"
                ).fetchall()
                raise RuntimeError(f"{len(stuck)} calls without an end: {stuck[:5]}")
            self.database.execute("update leadbell_lead set wake_at = null where wake_at is not null")
            time.sleep(0.5)

    def phones_settle(self) -> float:
        """Seconds until no phone is on the line any more, at most HANGS_AFTER_S: a lost goodbye is said again."""
        began = time.monotonic()
        while (took := time.monotonic() - began) < HANGS_AFTER_S:
            if all("over" in one for one in self.phones.order("seen")):
                break
            time.sleep(0.2)
        return took

    def calls(self) -> list[Row]:
        """The calls of leads so far, in the order in which they were asked for; seconds since 1970."""
        asked = (
            "select c.id, c.lead_id, c.people, c.number, extract(epoch from c.asked_at), extract(epoch from c.placed_at), "
            "extract(epoch from c.accepted_at), c.person_id, i.envelope_id::text "
            "from leadbell_call c left join leadbell_inquiry i on i.lead_id = c.lead_id and i.outcome = 'opened' "
            "where c.kind = 'lead' order by c.asked_at, c.id"
        )
        names = ("key", "lead", "people", "number", "asked", "placed", "accepted", "person", "envelope")
        return [
            dict(zip(names, (float(v) if n in ("asked", "placed", "accepted") and v else v for n, v in zip(names, row, strict=True)), strict=True))
            for row in self.database.execute(asked)
        ]  # fmt: skip


# -- how soon phones ring --------------------------------------------------------------------------------------


def _ringing(here: Here, rate: float, seconds: float, customers_from: int = 1) -> Iterator[Figure]:
    """Half of the people answer by phone and press 1, half tap at their desks; every phone rings."""
    here.phones.behave(
        {"picks_up": (0.5, 1.5), "presses": (0.8, 1.6)},
        {"picks_up": (0.5, 1.0), "talks": (2.0, 4.0)},
        [f"{AT_WORK}{person:07}" for person, taps in _people(here) if taps],
    )
    dealers = here.told["dealers"]
    sessions = [session for dealer in dealers for session in dealer["sessions"]]
    keys = [dealer["key"] for dealer in dealers]
    by_phone = [session for dealer in dealers for session in dealer["sessions"][1::2]]
    with open_desks(
        here.house.port, sessions, keys, rate, seconds + WARM_S, f"calls-{rate:g}", by_phone, customers_from
    ) as desks:
        said, _ = desks.communicate("end\n")
        desk = json.loads(said)
    here.everything_ends()
    settled = here.phones_settle()
    seen = here.phones.order("seen", forget=True)
    calls = here.calls()
    _match(calls, seen, here.phones.epoch)
    answered: dict[str, float] = desk["answered"]
    since = min(answered.values()) + WARM_S
    first: dict[str, Row] = {}
    for call in calls:
        first.setdefault(call["envelope"], call)
    counted = {name: at for name, at in answered.items() if at >= since}
    rang = [
        min(ringing["invite"] for ringing in first[name]["phones"]) - at
        for name, at in counted.items()
        if name in first and first[name]["phones"]
    ]
    at_desk = _at_desks(here, desk, counted)
    steps = _steps(calls, counted)
    to_ring, to_desk = _cuts(rang), _cuts(at_desk)
    yield Figure(
        "calls", f"answer → INVITE at the salesperson's phone at {rate:g}/s, p99", to_ring[1], "ms",
        MOST_TO_RING_MS, False,
        f"p50 {to_ring[0]:.0f} ms, worst {max(rang) * 1000:.0f} ms, {len(rang)} leads; at the desk p50 {to_desk[0]:.0f} "
        f"ms, p99 {to_desk[1]:.0f} ms; {steps}",
    )  # fmt: skip
    yield Figure("calls", "… leads whose phone rang", 100 * len(rang) / len(counted), "%", 100, True)
    hanging = sum("over" not in one for one in seen)
    yield Figure(
        "calls", "… phones still on the line when all is over", hanging, "", 0, False,
        f"{len(seen)} calls; the last phone {settled:.1f} s after the last call",
    )  # fmt: skip
    customers = {one["number"]: one["invite"] for one in seen if not one["number"].startswith(AT_WORK)}
    pressed = [
        (call, ringing)
        for call in calls
        for ringing in call["phones"]
        if "pressed" in ringing and call["person"]
    ]
    dialled = [
        customers[call["number"]] - ringing["pressed"]
        for call, ringing in pressed
        if call["number"] in customers
    ]
    decided = [
        call["accepted"] - here.phones.epoch - ringing["pressed"]
        for call, ringing in pressed
        if call["accepted"]
    ]
    to_dial = _cuts(dialled)
    yield Figure(
        "calls", f"key 1 let go → INVITE at the customer's phone at {rate:g}/s, p99", to_dial[1], "ms", MOST_TO_DIAL_MS, False,
        f"p50 {to_dial[0]:.0f} ms, worst {max(dialled) * 1000:.0f} ms, {len(dialled)} calls; heard by the switchboard "
        f"after p50 {_cuts(decided)[0]:.0f} ms, p99 {_cuts(decided)[1]:.0f} ms",
    )  # fmt: skip


def _people(here: Here) -> list[tuple[int, bool]]:
    """Every person, and whether they tap at their desk; the others answer by phone."""
    rows = here.database.execute(
        "select id, email from leadbell_person where email like 'person%' order by id"
    )
    return [(person, int(email.partition("@")[0].removeprefix("person")) % 2 == 0) for person, email in rows]


def _match(calls: list[Row], seen: list[Row], epoch: float) -> None:
    """Give each call what its phones saw: a phone rings for one call after the other."""
    waiting: dict[str, list[Row]] = {}
    for one in seen:
        waiting.setdefault(one["number"], []).append(one)
    for call in calls:
        call["phones"] = []
        for person in call["people"]:
            ringing = next(
                (
                    one
                    for one in waiting.get(f"{AT_WORK}{person:07}", ())
                    if "call" not in one and -0.005 < one["invite"] + epoch - call["asked"] < 20
                ),
                None,
            )
            if ringing is not None:
                ringing["call"] = call["key"]
                call["phones"].append(ringing)


def _at_desks(here: Here, desk: Row, counted: dict[str, float]) -> list[float]:
    opened = dict(
        here.database.execute(
            "select lead_id, envelope_id::text from leadbell_inquiry where outcome = 'opened'"
        )
    )
    rang = ((opened[int(lead)], at) for lead, at in desk["rang"].items())
    return [at - counted[name] for name, at in rang if name in counted]


def _steps(calls: list[Row], counted: dict[str, float]) -> str:
    """Where the time goes after the decision to ring: until the switchboard takes it."""
    took = [
        call["placed"] - call["asked"] for call in calls if call["envelope"] in counted and call["placed"]
    ]
    cuts = _cuts(took)
    return f"wanted → taken p50 {cuts[0]:.0f} ms, p99 {cuts[1]:.0f} ms"


def _cuts(seconds: Sequence[float]) -> tuple[float, float]:
    """(p50, p99) in milliseconds."""
    if len(seconds) < 2:
        raise RuntimeError("too little was seen to measure anything")
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


# -- many talk at once -----------------------------------------------------------------------------------------


def _talking(here: Here) -> Iterator[Figure]:
    """Everybody who is connected speaks in a tone of their own; both phones and the recording have to have it."""
    size = here.size
    here.phones.behave(
        {"picks_up": (0.2, 0.6), "presses": (0.5, 1.0), "sound": True},
        {"picks_up": (0.2, 0.6), "sound": True},
    )
    here.database.execute("update leadbell_person set seen_at = now()")
    before = {row[0] for row in here.database.execute("select id from leadbell_call")}
    numbers = range(TALKING_FROM, TALKING_FROM + size.talking)
    for some in range(0, size.talking, 10):
        here.post(numbers[some : some + 10], [n % size.dealers for n in numbers[some : some + 10]])
        time.sleep(0.5)
    here.until(f"select count(*) = {size.talking} from leadbell_call where status = 'connected'", 90)
    time.sleep(BEGINS_S)
    spool, kept = here.house.folder / "calls", here.house.folder / "heard"
    kept.mkdir()
    recordings = []
    for (key,) in here.database.execute("select id from leadbell_call where status = 'connected'").fetchall():
        if key not in before:
            recordings.append(kept / f"{key.hex}.raw")
            os.link(spool / f"{key.hex}.raw", recordings[-1])
    here.phones.order("listen", on=True)
    names = here.house.processes
    clocks = {name: _cpu_s(pid) for name, pid in names.items()}
    began = time.monotonic()
    time.sleep(size.talk_s)
    took = time.monotonic() - began
    cores = {name: 100 * (_cpu_s(pid) - clocks[name]) / took for name, pid in names.items()}
    here.phones.order("listen", on=False)
    still = here.one("select count(*) from leadbell_call where status = 'connected'")
    pss, rss = megabytes(family(names.values()))
    heard = here.phones.order("sound")
    here.phones.order("hang_up")
    here.everything_ends()
    time.sleep(ENDS_S)
    here.phones.order("seen", forget=True)
    about = f"{still} talk at once"
    silent = sum(one["silent"] for one in heard)
    missing = sum(one["missing"] for one in heard)
    frames = sum(one["frames"] for one in heard)
    partners = sum(_is_somebody_elses(one, heard) for one in heard)
    yield Figure(
        "calls", f"{about}: frames silent or missing at the phones", silent + missing, "", 0, False,
        f"{frames} frames at {len(heard)} phones, {missing} never came; {partners} phones heard exactly one other's tone",
    )  # fmt: skip
    tones = {one["sends"] for one in heard}
    length = total = 0.0
    quiet = wrong = 0
    for path in recordings:
        found = _recorded(path, tones)
        length, total = length + found[0], total + found[1]
        quiet, wrong = quiet + found[2], wrong + found[3]
    yield Figure(
        "calls", "… silent frames in the recordings", quiet, "", 0, False,
        f"{int(total)} frames in {len(recordings)} recordings of both channels, {length / max(1, len(recordings)):.1f} s "
        f"each; {wrong} channels without their tone",
    )  # fmt: skip
    if still < size.talking or len(heard) < 2 * size.talking or len(recordings) < size.talking:
        raise RuntimeError(
            f"{still} talk, {len(heard)} phones, {len(recordings)} recordings: not {size.talking} calls"
        )
    others = ", ".join(f"{name} {part:.0f} %" for name, part in cores.items() if name != "switchboard")
    yield Figure(
        "calls", "… the switchboard, of a core", cores["switchboard"], "%", MOST_OF_A_CORE, False, others
    )
    yield Figure("calls", "… everything: PSS", pss, "MB", 700, False, f"RSS {rss:.0f} MB; {_shares(names)}")


def _is_somebody_elses(one: Row, all_of_them: list[Row]) -> bool:
    return one["tone"] != one["sends"] and any(other["sends"] == one["tone"] for other in all_of_them)


def _recorded(path: Path, tones: set[int]) -> tuple[float, float, int, int]:
    """(seconds, frames, silent ones, channels whose tone is nobody's or both sides') between greeting and end."""
    stereo = np.frombuffer(path.read_bytes(), dtype="<i2")
    stereo = stereo[: len(stereo) // 2 * 2].reshape(-1, 2)
    inside = stereo[int(BEGINS_S * alaw.RATE) : -int(ENDS_S * alaw.RATE)]
    sides = [np.ascontiguousarray(inside[:, side]) for side in (0, 1)]
    found = [alaw.loudest(side) for side in sides]
    wrong = 2 if found[0] == found[1] else sum(tone not in tones for tone in found)
    silent = sum(alaw.silent_frames(side, LOUD) for side in sides)
    return len(inside) / alaw.RATE, 2 * (len(inside) // alaw.FRAME), silent, wrong


def _cpu_s(pid: int) -> float:
    """What a process has used so far, its threads among it."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _shares(names: dict[str, int]) -> str:
    shares = {
        name: megabytes(family([pid]) if name == "postgres" else [pid])[0] for name, pid in names.items()
    }
    return ", ".join(f"{name} {pss:.0f}" for name, pss in shares.items())


# -- one lead, one person --------------------------------------------------------------------------------------


def _one_lead_one_person(here: Here) -> Iterator[Figure]:
    """Everybody's phone rings for every lead; several press 1 at the same moment, the others ring on."""
    size = here.size
    body = json.dumps({"rounds": [{"how": "all", "ring_s": 60}]})
    here.database.execute(
        "insert into leadbell_playbook (dealer_id, origin, body, changed_at) "
        "select id, 'online', %s::jsonb, now() from leadbell_organisation", [body],
    )  # fmt: skip
    time.sleep(4)  # the dealer's choices are believed for so long
    salespeople: dict[int, list[int]] = {}
    for person, dealer in here.database.execute(
        "select id, organisation_id from leadbell_person where role = 'salesperson' order by id"
    ):
        salespeople.setdefault(dealer, []).append(person)
    numbers = {
        dealer: [f"{AT_WORK}{person:07}" for person in people] for dealer, people in salespeople.items()
    }
    ring_on = [number for theirs in numbers.values() for number in theirs[AT_ONCE:]]
    alone, together = [], []
    mine = leads = 0
    for round_ in range(size.rounds + size.rounds_apart):
        apart_s = APART_S if round_ >= size.rounds else 0.0
        here.phones.behave({"picks_up": (0.0, 0.05)}, {"picks_up": (0.5, 1.0), "talks": (1.0, 2.0)}, ring_on)
        here.database.execute("update leadbell_person set seen_at = now()")
        customers = range(ALL_RING_FROM + round_ * LEADS, ALL_RING_FROM + (round_ + 1) * LEADS)
        here.post(customers, [n % size.dealers for n in range(LEADS)])
        _wait(lambda: len(_up(here.phones.order("seen"))) >= AT_ONCE * LEADS, 20)
        time.sleep(WHISPERED_S)
        for theirs in numbers.values() if apart_s else ():
            if here.phones.order("press", whose=theirs):
                time.sleep(apart_s)
        if not apart_s:
            here.phones.order("press")
        time.sleep(4)
        here.everything_ends()
        seen = here.phones.order("seen", forget=True)
        calls = here.calls()[-LEADS:]
        _match(calls, seen, here.phones.epoch)
        owners = dict(here.database.execute(_ACCEPTED).fetchall())
        for call, number in zip(sorted(calls, key=lambda c: c["lead"]), customers, strict=True):
            customer = f"+316{10_000_000 + number:08}"
            dialled = sum(one["number"] == customer for one in seen)
            mine += dialled == 1 and owners.get(call["lead"]) == 1
            leads += 1
            (alone if apart_s else together).extend(_stopped(call))
    yield Figure(
        "calls", f"{LEADS} leads ring all phones, {AT_ONCE} press 1 at once: with one person only", 100 * mine / leads,
        "%", 100, True, f"{leads} leads",
    )  # fmt: skip
    for about, took in (("one lead after the other", alone), (f"{LEADS} leads at the same moment", together)):
        cuts = _cuts(took)
        yield Figure(
            "calls", f"… key let go → the others' phones stop, {about}, p99", cuts[1], "ms", MOST_TO_STOP_MS, False,
            f"p50 {cuts[0]:.0f} ms, worst {max(took) * 1000:.0f} ms, {len(took)} phones",
        )  # fmt: skip


def _stopped(call: Row) -> list[float]:
    """Seconds from the first key let go until each of the others' phones is told that it is over."""
    first = min((one["pressed"] for one in call["phones"] if "pressed" in one), default=None)
    if first is None:
        return []
    winner = f"{AT_WORK}{call['person'] or 0:07}"
    return [one["over"] - first for one in call["phones"] if one["number"] != winner and "over" in one]


_ACCEPTED = "select lead_id, count(distinct body->>'by') from leadbell_fact where body->>'type' = 'accepted' group by lead_id"


def _up(seen: list[Row]) -> list[Row]:
    return [one for one in seen if "picked" in one and "over" not in one]


def _wait(true: Callable[[], bool], within_s: float) -> None:
    give_up_at = time.monotonic() + within_s
    while not true():
        if time.monotonic() > give_up_at:
            raise RuntimeError("the phones didn't ring in time")
        time.sleep(0.1)


# -- small steps -----------------------------------------------------------------------------------------------


def _choose(folder: Path, chosen: Choices) -> None:
    own_node.choose(folder, lambda _: chosen)


@contextmanager
def _phones(port: int) -> Iterator[Phones]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.phones", str(port), AT_WORK], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Phones(process)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    """One that is free for TCP and UDP, below those the system gives away by itself."""
    while True:
        port = random.randrange(10_000, 20_000)
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port))
            return port
