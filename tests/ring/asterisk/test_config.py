"""`leadbell asterisk config --print`: what an Asterisk that dials in to Leadbell is told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadbell.commands.asterisk import asterisk
from leadbell.ring.asterisk import own_node
from leadbell.trouble import Trouble

SWITCHBOARD = ("--switchboard", "ws://192.0.2.5:8089/asterisk")


def printed(*options: str) -> str:
    return CliRunner().invoke(asterisk, ["config", *options], catch_exceptions=False).stdout


def test_where_it_dials_in_and_as_whom_is_printed() -> None:
    text = printed("--print", *SWITCHBOARD, "--ari-user", "node-1")
    client = text.partition("websocket_client.conf")[2]
    assert "\nuri=ws://192.0.2.5:8089/asterisk\n" in client
    assert "\nusername=node-1\n" in client
    users = text.partition("; ---- add to pjsip.conf")[0]
    assert "\n[node-1]\ntype=user\n" in users
    assert "\ntype=outbound_websocket\n" in users
    assert "\nlocal_ari_user=node-1\n" in users


def test_one_that_leadbell_calls_dials_in_nowhere() -> None:
    text = printed("--print")
    assert "websocket_client" not in text
    assert "outbound_websocket" not in text
    assert "\n[leadbell]\ntype=user\n" in text


@pytest.mark.parametrize(
    "address", ["http://192.0.2.5:8089", "192.0.2.5:8089", "ws://", "ws://x y/", "ws://x:port/"]
)
def test_what_is_no_address_to_dial_in_to_is_refused(address: str) -> None:
    with pytest.raises(Trouble, match="ws://192"):
        printed("--print", "--switchboard", address)


@pytest.mark.parametrize("options", [SWITCHBOARD, ("--ari-user", "node-1")])
def test_our_own_node_dials_in_nowhere(tmp_path: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(Trouble, match="--print"):
        printed("--data", str(tmp_path), *options)
    assert not own_node.is_chosen(tmp_path)
