"""Dovecot, a real IMAP server from Debian's packages (dovecot-imapd): one mailbox on loopback, for one test."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

PASSWORD = "opensesame"
#: Debian keeps it where only root's PATH looks.
PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MISSING = None if PROGRAM else "NO REAL IMAP SERVER: on Debian and Ubuntu: sudo apt install dovecot-imapd"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
auth_mechanisms = plain
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{folder}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
"""


class Dovecot:
    """One mailbox, whose user is anybody with the password."""

    def __init__(self, folder: Path) -> None:
        """`folder` can be entered by others: the login process runs as nobody where we are root."""
        self.folder = folder
        assert PROGRAM
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        root = os.getuid() == 0
        me, keeper = pwd.getpwuid(os.getuid()), pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        for name in ("mail", "home"):
            os.chown(folder / name, keeper.pw_uid, keeper.pw_gid)
        self._keeper = keeper
        group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
        self._configuration = folder / "dovecot.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(
                folder=folder, user=me.pw_name, group=group, login=keeper.pw_name, port=self.port,
                password=PASSWORD, uid=keeper.pw_uid, gid=keeper.pw_gid,
            )
        )  # fmt: skip
        self._count = 0

    @property
    def password(self) -> str:
        return PASSWORD

    def start(self) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, "-F", "-c", self._configuration],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "err").open("wb"),
        )
        give_up_at = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < give_up_at, self.said()

    def said(self) -> str:
        files = [self.folder / "err", self.folder / "log"]
        return "\n".join(file.read_text() for file in files if file.exists())

    def deliver(self, mail: bytes) -> None:
        """As a mail server leaves it in the mailbox."""
        self._count += 1
        for name in ("tmp", "new", "cur"):
            (self.folder / "mail" / name).mkdir(exist_ok=True)
            os.chown(self.folder / "mail" / name, self._keeper.pw_uid, self._keeper.pw_gid)
        name = f"{int(time.time())}.{self._count}.here"
        written = self.folder / "mail/tmp" / name
        written.write_bytes(mail)
        os.chown(written, self._keeper.pw_uid, self._keeper.pw_gid)
        written.rename(self.folder / "mail/new" / name)

    def flags(self) -> list[str]:
        """The names of all files, with their flags."""
        return [file.name for folder in ("new", "cur") for file in (self.folder / "mail" / folder).iterdir()]

    def renumber(self) -> None:
        """Forget all numbers, as a restored mailbox does."""
        for file in (self.folder / "mail").glob("dovecot*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
