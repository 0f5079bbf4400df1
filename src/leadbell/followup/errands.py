"""What the messenger does besides sending: tests of an account, and looking into mailboxes."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from leadbell.conversation.carriers import mailbox
from leadbell.conversation.mailboxes import asked_tests, fetched, mailboxes_due, tested
from leadbell.conversation.ports import Account, Letter

#: Whose errand, what runs in a thread, and what its answer is for.
Errand = tuple[int, Callable[[], Any], Callable[[Any], None]]
#: Each mailbox is looked into so often.
EVERY = timedelta(seconds=60)


def errands(
    now: datetime, busy: Collection[int], hand_over: Callable[[Account, Letter], Any]
) -> Iterator[Errand]:
    """What is due, none of a dealer that is busy; `hand_over` sends a letter by e-mail."""
    for setup, account, letter in asked_tests(now, busy):

        def told(outcome: Any, number: int = setup.pk) -> None:
            tested(number, outcome, now)

        def send(account: Account = account, letter: Letter = letter) -> Any:
            return hand_over(account, letter)

        yield setup.dealer_id, send, told
    for setup, account in mailboxes_due(now - EVERY, busy):

        def kept(answer: Any, number: int = setup.pk) -> None:
            fetched(number, answer, now)

        def look(setup: Any = setup, account: Account = account) -> Any:
            return mailbox().fetch(account, setup.imap_validity, setup.imap_uid, setup.imap_at)

        yield setup.dealer_id, look, kept
