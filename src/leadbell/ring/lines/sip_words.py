"""What the switchboard and its SIP child process say to each other: one JSON object a line."""

from typing import Literal

import msgspec

from leadbell.ring.ports import How, LegWhat


class Trunk(msgspec.Struct, frozen=True, tag="trunk"):
    """The account at the provider; `host` may carry a port. `listen`: where calls come in, if fixed."""

    user: str
    password: str
    host: str
    listen: str = ""


class MakeCall(msgspec.Struct, frozen=True, tag="call"):
    leg: str
    number: str
    caller_id: str
    ring_s: int


class Say(msgspec.Struct, frozen=True, tag="say"):
    """Play this WAV (8 kHz, mono, 16 bit) to the leg, which is answered first where it waits."""

    leg: str
    path: str


class Hush(msgspec.Struct, frozen=True, tag="hush"):
    leg: str


class Join(msgspec.Struct, frozen=True, tag="join"):
    """Let two legs hear each other; recorded into `record`, and `announce` (a WAV) played to both, unless empty."""

    salesperson: str
    customer: str
    record: str = ""
    announce: str = ""


class HangUp(msgspec.Struct, frozen=True, tag="hang_up"):
    leg: str


Wish = Trunk | MakeCall | Say | Hush | Join | HangUp


class Asked(msgspec.Struct, frozen=True):
    """A wish with its number, which its answer bears."""

    number: int
    wish: Wish


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The answer; `because` says why it could not be done."""

    number: int
    because: str = ""


class News(msgspec.Struct, frozen=True, tag="news"):
    """What happened on a leg."""

    leg: str
    what: LegWhat
    digit: str = ""
    how: How = "hung_up"
    called: str = ""
    caller: str = ""
    because: str = ""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child is there, and calls once it has signed in, if it has to; `because` says why it can't."""

    because: str = ""


class Signed(msgspec.Struct, frozen=True, tag="signed"):
    """How signing in at the provider went; told after each try."""

    state: Literal["in", "out"]
    because: str = ""


Told = Done | News | Ready | Signed
