"""What the messenger does besides sending: tests of an account, and looking into mailboxes."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from leadbell.conversation.carriers import mailbox
from leadbell.conversation.mailboxes import asked_tests, fetched, mailboxes_due, tested
from leadbell.conversation.ports import Account, Letter, MailboxAway, Perhaps
from leadbell.words import say

#: Whose errand, what runs in a thread, what its answer is for, and the answer that stands for a fault of ours.
Errand = tuple[int, Callable[[], Any], Callable[[Any], None], Any]
#: Each mailbox is looked into so often.
EVERY = timedelta(seconds=60)


def errands(
    now: datetime, most: int, busy: Collection[int], hand_over: Callable[[Account, Letter], Any],
    clock: Callable[[], datetime],
) -> Iterator[Errand]:  # fmt: skip
    """Up to `most` that are due, one per dealer, none of a dealer that is busy; `hand_over` sends an e-mail."""
    tests = asked_tests(now, most, busy)
    for setup, account, letter in tests:

        def told(outcome: Any, number: int = setup.pk) -> None:
            tested(number, outcome, clock())

        def send(account: Account = account, letter: Letter = letter) -> Any:
            return hand_over(account, letter)

        yield setup.dealer_id, send, told, Perhaps(say("sending it failed in a way nobody foresaw"))
    busy = {*busy, *(setup.dealer_id for setup, _, _ in tests)}
    for setup, account in mailboxes_due(now - EVERY, most - len(tests), busy, now):

        def kept(answer: Any, number: int = setup.pk) -> None:
            fetched(number, answer, clock())

        def look(setup: Any = setup, account: Account = account) -> Any:
            return mailbox().fetch(account, setup.imap_validity, setup.imap_uid, setup.imap_at)

        yield setup.dealer_id, look, kept, MailboxAway(say("looking into the mailbox failed"))
