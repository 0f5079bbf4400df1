"""Our own Asterisk: what is chosen stays chosen, and nothing but a plain word gets into its files."""

import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from leadbell.ring.asterisk import own_node
from leadbell.ring.asterisk.files import MODULES, Choices, Trunk, odd, shared_files
from leadbell.ring.asterisk.packages import Mirror, Programs, mirrors
from leadbell.trouble import Trouble

PROVIDER = Trunk("sip.provider.example", "northside", "a secret")
PROGRAMS = Programs(("asterisk",), Path("/modules"), Path("/share"))


def test_passwords_are_made_once_and_choices_stay(tmp_path: Path) -> None:
    first = own_node.choose(tmp_path, lambda was: replace(was, trunks=(PROVIDER,), extensions={"rosa": ""}))
    later = own_node.choose(tmp_path, lambda was: replace(was, extensions={**was.extensions, "samir": ""}))
    assert len(first.ari_password) >= 32
    assert later.ari_password == first.ari_password
    assert later.trunks == (PROVIDER,)
    assert later.extensions["rosa"] == first.extensions["rosa"]
    assert len(set(later.extensions.values())) == 2
    assert own_node.choose(tmp_path) == later


def test_where_it_will_listen_is_looked_at_before_it_starts(tmp_path: Path) -> None:
    chosen = own_node.choose(tmp_path, lambda was: replace(was, ari_port=18088, sip_port=15060))
    own_node.set_up(tmp_path, chosen, PROGRAMS)
    own = own_node.folder_of(tmp_path)
    web, sip = own_node.doors(chosen)
    assert f"bindaddr={web.host}\nbindport={web.port}\n" in (own / "http.conf").read_text()
    assert f"protocol=udp\nbind={sip.host}:{sip.port}\n" in (own / "pjsip.conf").read_text()
    assert (web.kind, sip.kind) == (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    assert ("--ari-port" in web.option, "--sip-port" in sip.option) == (True, True)


def test_everything_is_readable_by_ourselves_alone(tmp_path: Path) -> None:
    chosen = own_node.choose(tmp_path, lambda was: replace(was, trunks=(PROVIDER,)))
    written = own_node.set_up(tmp_path, chosen, PROGRAMS)
    own = own_node.folder_of(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*written, own / "choices.json")} == {0o600}
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert "a secret" in (own / "pjsip.conf").read_text()


def test_a_file_the_node_no_longer_has_goes(tmp_path: Path) -> None:
    stale = own_node.folder_of(tmp_path) / "sip.conf"
    chosen = own_node.choose(tmp_path)
    stale.write_text("left over")
    own_node.set_up(tmp_path, chosen, PROGRAMS)
    assert not stale.exists()


def test_every_folder_asterisk_writes_to_is_ours(tmp_path: Path) -> None:
    own_node.set_up(tmp_path, own_node.choose(tmp_path), PROGRAMS)
    own = own_node.folder_of(tmp_path)
    lines = dict(
        line.split(" => ") for line in (own / "asterisk.conf").read_text().splitlines() if " => " in line
    )
    reads = {lines.pop("astmoddir"), lines.pop("astdatadir")}
    assert reads == {"/modules", "/share"}
    assert all(Path(folder).is_relative_to(own) for folder in lines.values())


def test_what_nobody_hears_is_never_written_out(tmp_path: Path) -> None:
    own_node.set_up(tmp_path, own_node.choose(tmp_path), PROGRAMS)
    declined = (
        (own_node.folder_of(tmp_path) / "stasis.conf").read_text().partition("[declined_message_types]")[2]
    )
    assert "decline=ast_channel_varset_type\n" in declined


def test_the_module_that_hangs_websockets_is_never_loaded() -> None:
    assert not {"res_stasis_device_state", "res_ari_device_states"} & set(MODULES)


@pytest.mark.parametrize(
    "bad",
    [
        Choices(trunks=(replace(PROVIDER, password="x\n[evil]"),)),
        Choices(trunks=(replace(PROVIDER, password="half;a comment"),)),
        Choices(trunks=(replace(PROVIDER, user="${SHELL(id)}"),)),
        Choices(trunks=(replace(PROVIDER, host="sip.example\nmatch=0.0.0.0/0"),)),
        Choices(trunks=(replace(PROVIDER, name="trunk]"),)),
        Choices(extensions={"rosa phone": "x"}),
        Choices(trunks=(PROVIDER,), extensions={"trunk": "x"}),
        Choices(public_address="1.2.3.4\n"),
        Choices(switchboard="ws://x/\n[general]"),
        Choices(switchboard="http://x/"),
    ],
)
def test_what_could_change_a_file_is_refused(bad: Choices, tmp_path: Path) -> None:
    assert odd(bad) is not None
    with pytest.raises(Trouble):
        own_node.choose(tmp_path, lambda _: bad)
    assert not (own_node.folder_of(tmp_path) / "pjsip.conf").exists()


@pytest.mark.parametrize("name", ["a;b", "a,b", "${a}", "[a]", 'a"b'])
def test_a_folder_that_would_be_read_as_something_else_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Trouble, match="--data"):
        own_node.set_up(tmp_path / name, Choices(), PROGRAMS)


def test_a_provider_is_asked_whether_it_is_there_unless_it_does_not_say() -> None:
    def asked(trunk: Trunk) -> bool:
        text = shared_files(Choices(trunks=(trunk,), extensions={"rosa": "x"}))["pjsip.conf"]
        assert text.count("qualify_frequency=") == 2
        return "qualify_frequency=15\nqualify_timeout=3.0\n" in text

    assert asked(PROVIDER)
    assert not asked(replace(PROVIDER, check_s=0))


def test_a_trunk_without_a_user_signs_in_nowhere() -> None:
    text = shared_files(Choices(trunks=(Trunk("sip.provider.example"),)))["pjsip.conf"]
    assert "type=registration" not in text
    assert "outbound_auth" not in text


@pytest.mark.parametrize("trunk", [PROVIDER, Trunk("sip.provider.example:5070", match=("192.0.2.0/28",))])
def test_a_trunk_is_known_by_its_addresses_and_a_phone_by_its_name(trunk: Trunk) -> None:
    text = shared_files(Choices(trunks=(trunk,), extensions={"rosa": "x"}))["pjsip.conf"]
    sections = text.split("\n\n")
    assert "[trunk]\ntype=endpoint\nidentify_by=ip\n" in text
    matches = [line for line in text.splitlines() if line.startswith("match=")]
    assert matches == ["match=sip.provider.example", *(f"match={one}" for one in trunk.match)]
    assert not [one for one in sections if one.startswith("[rosa]") and "identify_by" in one]


def test_a_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    own_node.choose(tmp_path)
    (own_node.folder_of(tmp_path) / "choices.json").write_text("{")
    with pytest.raises(Trouble, match="damaged"):
        own_node.choose(tmp_path)


def test_mirrors_come_from_the_machines_own_sources(tmp_path: Path) -> None:
    more = tmp_path / "sources.list.d"
    more.mkdir()
    (more / "debian.sources").write_text(
        "Types: deb\n# a remark\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    (more / "other.list").write_text("deb [signed-by=/k.gpg] http://other.example/node nodistro main\n")
    (tmp_path / "sources.list").write_text("deb http://second.example/debian/ bookworm main\n")
    assert list(mirrors(tmp_path)) == [
        Mirror("http://mirror.example/debian", "/usr/share/keyrings/debian-archive-keyring.gpg"),
        Mirror("http://second.example/debian/", ""),
    ]
