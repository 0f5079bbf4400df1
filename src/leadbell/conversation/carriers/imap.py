"""A dealer's mailbox by IMAP (RFC 9051), looked at and left as it is: nothing is marked, moved or deleted."""

import imaplib
import re
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from leadbell.conversation.ports import Account, Fetched, MailboxAway
from leadbell.words import say

log = structlog.get_logger("leadbell.messages")

TIMEOUT_S = 30
MOST_AT_ONCE = 20
#: Of a larger mail the beginning is enough to know what it says.
LARGEST = 1_048_576
#: A mailbox that was renumbered is read again from so long before we last saw it.
OVERLAP = timedelta(days=2)
#: UIDs and UIDVALIDITY have 32 bits.
_LARGEST_NUMBER = (1 << 32) - 1
_VALIDITY, _NEXT = re.compile(rb"(\d+)"), re.compile(rb"UIDNEXT (\d+)")


@dataclass(frozen=True, slots=True)
class Imap:
    """A Mailbox over IMAP."""

    def fetch(
        self, account: Account, validity: int, uid: int, seen_at: datetime | None
    ) -> Fetched | MailboxAway:
        """What came after `uid`; with `validity` 0 nothing but where the mailbox stands now."""
        try:
            box = _connect(account)
        except imaplib.IMAP4.abort:
            return MailboxAway(say("the mailbox hung up"))
        except imaplib.IMAP4.error:
            return MailboxAway(say("the mailbox refuses the user or the password"))
        except ssl.SSLError:
            return MailboxAway(say("the mailbox's certificate or encryption doesn't fit"))
        except OSError:
            return MailboxAway(say("the mailbox doesn't answer"))
        except (
            Exception
        ):  # UnicodeError and its like: signs that nobody can say in IMAP, or answers that are none
            return MailboxAway(say("the mailbox can't be talked to with this name, user and password"))
        try:
            return _read(box, validity, uid, seen_at)
        except (imaplib.IMAP4.error, OSError):
            return MailboxAway(say("the mailbox hung up"))
        except Exception:  # imaplib hands on what it doesn't understand, in whatever shape
            return MailboxAway(say("the mailbox answers what nobody understands"))
        finally:
            box.shutdown()


def _connect(account: Account) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    box: imaplib.IMAP4
    if account.security == "tls":
        box = imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=TIMEOUT_S)
    else:
        box = imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT_S)
    try:
        if account.security == "starttls":
            if "STARTTLS" not in box.capabilities:
                raise ssl.SSLError("it doesn't speak TLS")
            box.starttls(context)
        box.login(account.login, account.password)
    except BaseException:
        box.shutdown()
        raise
    return box


def _read(box: imaplib.IMAP4, validity: int, uid: int, seen_at: datetime | None) -> Fetched:
    _done(box.status("INBOX", "(UIDNEXT UIDVALIDITY)"))
    status = box.status("INBOX", "(UIDNEXT)")[1][0]
    following = _number(_NEXT, status)
    _done(box.select("INBOX", readonly=True))
    now_valid = _number(_VALIDITY, box.response("UIDVALIDITY")[1][0])
    if not validity:
        return Fetched(now_valid, following - 1, ())
    if now_valid != validity:
        since = (seen_at or datetime.now().astimezone()) - OVERLAP
        found = box.uid("SEARCH", f"SINCE {since:%d-%b-%Y}")
        uid = 0
    else:
        found = box.uid("SEARCH", f"UID {uid + 1}:*")
    _done(found)
    known = sorted(int(one) for one in (found[1][0] or b"").split())
    numbers = [one for one in known if uid < one <= _LARGEST_NUMBER][:MOST_AT_ONCE]
    mails: list[bytes] = []
    for number in numbers:
        said, parts = box.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{LARGEST}>)")
        if said != "OK":  # one that the server itself can't read doesn't hold up the others
            log.warning("the mailbox doesn't hand out one of its mails", dealer_mail=number)
            continue
        mails += [part[1] for part in parts if isinstance(part, tuple) and isinstance(part[1], bytes)]
    read_to = numbers[-1] if numbers else max(uid, 0) if now_valid == validity else following - 1
    return Fetched(now_valid, read_to, tuple(mails))


def _number(pattern: re.Pattern[bytes], said: bytes | None) -> int:
    """The number that every IMAP server has to tell. Raises IMAP4.error where it doesn't."""
    found = pattern.search(said or b"")
    if found is None or len(found[1]) > 10 or int(found[1]) > _LARGEST_NUMBER:
        raise imaplib.IMAP4.error("it doesn't number its mail")
    return int(found[1])


def _done(answer: tuple[str, object]) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(answer[0])
