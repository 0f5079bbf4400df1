"""Intake by mail: an SMTP server for `<key>@anything`, which says 250 when the message is committed."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from aiosmtpd.smtp import SMTP

from leadbell.allowance import Allowance
from leadbell.intake.door import MAIL_ALIVE, STRANGERS_PER_MINUTE, Doorman, Keys, Source
from leadbell.intake.header import answered_in, read_header
from leadbell.intake.post import Kept, Letter, NotKept, Post, Wire
from leadbell.lead.replies import keep_mail
from leadbell.lead.thread import Thread, thread_in, thread_of_address

log = structlog.get_logger("leadbell.smtp")

#: What is taken from the network at once; a message may come as one line, whatever the rule of 1,000 bytes.
PIECE = 256 * 1024
END_OF_MESSAGE = b"\r\n.\r\n"
MOST_RECIPIENTS = 100
#: How often one connection may say a command.
MOST_COMMANDS = {"*": 5_000, "NOOP": 50, "HELP": 20, "VRFY": 20, "EHLO": 20, "HELO": 20, "AUTH": 3}
STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one message in bytes, of connections at once, of seconds between two commands or for a message."""

    message: int = 10 * 1024 * 1024
    connections: int = 100
    patience_s: float = 120.0


class MailDoor:
    """What aiosmtpd asks us: whether a recipient exists, and what becomes of a message."""

    def __init__(
        self,
        url: str,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        limits: "Limits | None" = None,
    ) -> None:
        self.limits = limits or Limits()
        self.post = Post(url, "smtp")
        self._wire = Wire(url, "leadbell smtp answers")
        self.keys = Keys(url, clock)
        self.doorman = Doorman()
        self.connections: set[Connection] = set()
        self._allowed = Allowance(per_minute)
        self._strangers = Allowance(STRANGERS_PER_MINUTE)
        self._clock = clock

    def open(self) -> None:
        self.post.open()

    async def close(self) -> None:
        await self.post.close()
        await self._wire.close()
        await self.keys.close()
        self.doorman.close()

    async def handle_RCPT(
        self, _server: Any, session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients: send the message again for the others"
        if thread := thread_of_address(address):
            return self._answers(envelope, address, thread)
        key = address.rpartition("@")[0] or address
        peer = session.peer[0] if session.peer else ""
        if not self.keys.is_known(key.lower()) and self._strangers.wait_s(peer, self._clock()):
            return "450 4.7.1 Too many unknown addresses: try again in a minute"
        try:
            source = await self.keys.source_of(key.lower()) or await self.keys.source_of(key)
        except psycopg.Error as error:
            log.error("keys unreadable", error=type(error).__name__, sqlstate=error.sqlstate)
            return "451 4.3.0 The database doesn't answer: try again later"
        if source is None:
            self._strangers.count(peer, self._clock())
            return "550 5.1.1 Nobody has this address: its key is unknown, or was revoked"
        if self._allowed.wait_s(source.id, self._clock()):
            return "450 4.7.1 Too many messages to this address: try again in a minute"
        self._allowed.count(source.id, self._clock())
        envelope.rcpt_tos.append(address)
        sources_of(envelope)[source.id] = source
        return "250 2.1.5 OK"

    def _answers(self, envelope: Any, address: str, thread: Thread) -> str:
        """Somebody answers one of our messages; a machine that never stops is slowed down."""
        if self._allowed.wait_s(thread, self._clock()):
            return "450 4.7.1 Too many messages to this address: try again in a minute"
        self._allowed.count(thread, self._clock())
        envelope.rcpt_tos.append(address)
        threads_of(envelope).add(thread)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message: bytes = envelope.original_content or b""
        if not message.strip():
            return "554 5.6.0 The message is empty"
        now = datetime.now(UTC)
        message_id, fingerprint = read_header(message)
        threads, sources = set(threads_of(envelope)), list(sources_of(envelope).values())
        if sources and (named := thread_in(answered_in(message))):
            # An answer to us that came to an intake address is no new lead.
            threads |= {named} if any(source.dealer == named.dealer for source in sources) else set()
            sources = [source for source in sources if source.dealer != named.dealer]
        for thread in threads:
            if not await self._keep_answer(thread, message, message_id, fingerprint, now):
                return "451 4.3.0 The database doesn't answer: try again later"
        if not sources:
            return "250 2.0.0 kept as an answer"
        answers = await asyncio.gather(
            *(self._keep(source, message, message_id, fingerprint, now) for source in sources)
        )
        kept = [str(answer.envelope) for answer in answers if isinstance(answer, Kept)]
        for answer in answers:
            if isinstance(answer, NotKept):
                return f"451 4.3.0 {answer.because}"
        more = f" and {len(kept) - 3} more" if len(kept) > 3 else ""
        return f"250 2.0.0 kept as {', '.join(kept[:3])}{more}"

    async def handle_exception(self, error: Exception) -> str:
        log.error("mail failed", error=type(error).__name__)
        return "451 4.3.0 Something failed here: try again later"

    async def _keep_answer(
        self, thread: Thread, message: bytes, message_id: str | None, fingerprint: bytes, now: datetime
    ) -> bool:
        """Whether it is committed; a connection that was lost is opened once more."""
        key = f"{thread.lead}:{message_id or fingerprint.hex()}"
        for last in (False, True):
            try:
                await keep_mail(await self._wire.connected(), thread, message, key, now)
            except psycopg.Error as error:
                if last or not self._wire.lost:
                    log.error("an answer was not kept", error=type(error).__name__, sqlstate=error.sqlstate)
                    return False
            else:
                return True
        return False

    async def _keep(
        self, source: Source, message: bytes, message_id: str | None, fingerprint: bytes, now: datetime
    ) -> Kept | NotKept:
        reason = await self.doorman.look(message, "message/rfc822", source, now)
        return await self.post.keep(
            Letter(source.id, source.dealer, "message/rfc822", message, now, message_id, reason, fingerprint)
        )


def sources_of(envelope: Any) -> dict[int, Source]:
    """The sources that the recipients of this message belong to, by id: one envelope is kept for each."""
    if not hasattr(envelope, "sources"):
        envelope.sources = {}
    sources: dict[int, Source] = envelope.sources
    return sources


def threads_of(envelope: Any) -> "set[Thread]":
    """The threads of ours that the recipients of this message name."""
    if not hasattr(envelope, "threads"):
        envelope.threads = set()
    threads: set[Thread] = envelope.threads
    return threads


class Connection(SMTP):
    """One sender: no AUTH, no relaying, limited in size, number and time."""

    line_length_limit = PIECE
    envelope: Any
    transport: Any
    _reader: Any

    def __init__(self, door: MailDoor, hostname: str) -> None:
        super().__init__(
            door,
            data_size_limit=door.limits.message,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Leadbell",
            timeout=door.limits.patience_s,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit=MOST_COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self.door = door
        self.turned_away = False

    def connection_made(self, transport: Any) -> None:
        if len(self.door.connections) >= self.door.limits.connections:
            self.turned_away = True
            transport.write(b"421 4.3.2 Too many connections: try again later\r\n")
            transport.close()
            return
        self.door.connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self.turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self.turned_away else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.turned_away:
            self.door.connections.discard(self)
            super().connection_lost(error)

    def say_goodbye(self, why: bytes) -> None:
        """Close it; a message that was not answered yet is sent again by its sender."""
        if self.transport is not None:
            self.transport.write(why)
            self.transport.close()

    async def smtp_DATA(self, arg: str | None) -> None:
        """In place of aiosmtpd's, which keeps every line as an object of its own and refuses long ones."""
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        # The end may stand at the very beginning, where no line ends before it.
        self._reader._buffer[:0] = b"\r\n"
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        message = await self._message()
        if message is None:
            status = "552 5.3.4 The message is too large"
        else:
            self.envelope.content = self.envelope.original_content = message
            status = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self.envelope = self._create_envelope()
        await self.push(status)

    async def _message(self) -> bytes | None:
        """The message without its dots; None when it was too large, which is let go by."""
        message = bytearray()
        too_large = False
        while True:
            try:
                piece, ended = await self._reader.readuntil(END_OF_MESSAGE), True
            except asyncio.LimitOverrunError as more:
                piece, ended = await self._reader.readexactly(more.consumed), False
            too_large = too_large or len(message) + len(piece) > self.door.limits.message
            if too_large:
                message.clear()
            else:
                message += piece
            if ended:
                break
        return None if too_large else bytes(message).replace(b"\r\n.", b"\r\n")[2:-2]

    def _timeout_cb(self) -> None:
        self.say_goodbye(b"421 4.4.2 Too slow: try again later\r\n")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """What Python's parser of addresses stumbles over is a malformed address, no fault of ours."""
        try:
            address, rest = super()._getaddr(arg)
        except Exception:
            return None, None
        return address, rest


@dataclass(slots=True)
class Alive:
    """Holds the lock by which others see that the mail door is open."""

    wire: Wire
    task: "asyncio.Task[None] | None" = field(default=None)

    def begin(self) -> None:
        self.task = asyncio.create_task(self._hold(), name="alive")

    async def end(self) -> None:
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.wire.close()

    async def _hold(self) -> None:
        while True:
            try:
                connection = await self.wire.connected()
                await connection.execute("select pg_advisory_lock_shared(%s)", [MAIL_ALIVE])
                async for _ in connection.notifies():
                    pass  # none come: this ends when the connection does
            except psycopg.Error:
                await asyncio.sleep(0.2)


async def serve(
    url: str, host: str, port: int, hostname: str, per_minute: float, stop: asyncio.Event
) -> None:
    """Take mail in until `stop` is set."""
    door = MailDoor(url, per_minute)
    door.open()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(door, hostname), host, port)
    alive = Alive(Wire(url, "leadbell smtp alive"))
    alive.begin()
    log.info("mail is taken in", host=host, port=port)
    try:
        await stop.wait()
    finally:
        server.close()
        await alive.end()
        await door.close()
        for connection in list(door.connections):
            connection.say_goodbye(b"421 4.3.2 Leadbell is stopping: try again later\r\n")
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), STOP_WITHIN_S)


async def _until_told_to_stop() -> None:
    from leadbell import settings

    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await serve(
        settings.DB_MOUTH,
        settings.SMTP_HOST,
        settings.SMTP_PORT,
        settings.MAIL_DOMAIN,
        settings.INTAKE_RATE,
        stop,
    )


def keep_addresses_out_of_the_log() -> None:
    """aiosmtpd logs every command as it was sent; what matters is logged here."""
    logging.getLogger("mail.log").disabled = True


def main() -> None:
    """Serve until SIGTERM."""
    from leadbell.log import configure

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    keep_addresses_out_of_the_log()
    asyncio.run(_until_told_to_stop())


if __name__ == "__main__":
    main()
