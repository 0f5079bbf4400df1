"""Who may enter the database: the four roles, their passwords, and the addresses they come in by."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from leadbell.trouble import Trouble

if TYPE_CHECKING:
    import psycopg

OWNER, APP, CLOCKWORK, MOUTH = "leadbell_owner", "leadbell_app", "leadbell_clockwork", "leadbell_mouth"
SUPERUSER = "postgres"
DATABASE = "leadbell"
DJANGO = "django"


@dataclass(frozen=True, slots=True)
class Urls:
    """One libpq address per role, password included."""

    owner: str
    app: str
    clockwork: str
    mouth: str


def keep_secrets(folder: Path) -> dict[str, str]:
    """The passwords of all roles and Django's key, made once and kept in `folder`/secrets.json (0600)."""
    path = folder / "secrets.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            kept: dict[str, str] = json.loads(text) if text else {}
            missing = {OWNER, APP, CLOCKWORK, MOUTH, SUPERUSER, DJANGO} - kept.keys()
            if missing:
                kept |= {name: secrets.token_urlsafe(36) for name in missing}
                _rewrite(path, kept)
            return kept
    except PermissionError:
        raise Trouble(
            "%(path)s belongs to another user of this machine; run this as that user, or "
            "choose another folder with --data.",
            path=str(path),
        ) from None
    except ValueError:
        raise Trouble(
            "%(path)s is damaged. Put it back from a backup, or move it away: new passwords "
            "are made, and everybody has to sign in again.",
            path=str(path),
        ) from None


def _rewrite(path: Path, kept: Mapping[str, str]) -> None:
    """Replace the file whole, so that a crash leaves the old or the new one."""
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def embedded_urls(kept: Mapping[str, str], host: str, port: int) -> Urls:
    """Addresses of the embedded database, whose socket lies in the folder `host`."""

    def url(role: str) -> str:
        where = urlencode({"host": host, "port": port}, quote_via=quote)
        return f"postgresql://{role}:{quote(kept[role], safe='')}@/{DATABASE}?{where}"

    return Urls(url(OWNER), url(APP), url(CLOCKWORK), url(MOUTH))


def external_urls(folder: Path, owner: str) -> Urls:
    """Addresses in the database at `owner`, a postgresql:// URL; roles that are missing there are created.

    Raises Trouble, with the SQL an administrator has to run, where the owner may not create them.
    """
    import psycopg

    kept = keep_secrets(folder)
    if not owner.startswith(("postgresql://", "postgres://")):
        raise Trouble("DATABASE_URL has to look like postgresql://user:password@host/database.")
    urls = Urls(owner, *(_as_role(owner, role, kept[role]) for role in (APP, CLOCKWORK, MOUTH)))
    try:
        with psycopg.connect(owner, connect_timeout=10, autocommit=True) as connection:
            if connection.info.server_version < 150000:
                raise Trouble(
                    "The database at DATABASE_URL is PostgreSQL %(version)s; Leadbell needs 15 or newer.",
                    version=connection.info.parameter_status("server_version"),
                )
            _create_missing(connection, kept)
    except psycopg.OperationalError as error:
        raise Trouble(
            "The database at DATABASE_URL doesn't answer: %(error)s", error=str(error).strip()
        ) from None
    _try_doors(kept, {APP: urls.app, CLOCKWORK: urls.clockwork, MOUTH: urls.mouth})
    return urls


def _as_role(owner: str, role: str, password: str) -> str:
    parts = urlsplit(owner)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))


def _create_missing(connection: "psycopg.Connection", kept: Mapping[str, str]) -> None:
    from psycopg import errors, sql

    wanted = [APP, CLOCKWORK, MOUTH]
    found = connection.execute("select rolname from pg_roles where rolname = any(%s)", [wanted]).fetchall()
    missing = [role for role in wanted if (role,) not in found]
    try:
        for role in missing:
            verifier = connection.pgconn.encrypt_password(
                kept[role].encode(), role.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("create role {} login nosuperuser nobypassrls password {}").format(
                    sql.Identifier(role), sql.Literal(verifier.decode())
                )
            )
    except errors.InsufficientPrivilege:
        raise Trouble(
            "DATABASE_URL's user may not create roles. Ask the database's administrator to run:\n%(sql)s",
            sql="\n".join(
                f"  create role {role} login nosuperuser nobypassrls password '{kept[role]}';"
                for role in missing
            ),
        ) from None


def _try_doors(kept: Mapping[str, str], doors: Mapping[str, str]) -> None:
    """Each role can sign in with the password we keep; another installation's passwords are never changed."""
    import psycopg

    for role, url in doors.items():
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            raise Trouble(
                "The role %(role)s can't sign in at DATABASE_URL (%(error)s). If another machine runs the "
                "same Leadbell, copy its secrets.json here; else ask the database's administrator to run:\n"
                "%(sql)s",
                role=role,
                error=str(error).strip(),
                sql=f"  alter role {role} login password '{kept[role]}';",
            ) from None
