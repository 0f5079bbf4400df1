"""Text messages over Twilio, whose account is this machine's and whose sender's number is the dealer's."""

import asyncio
import re

from leadbell.conversation.ports import Account, Letter, Never, NotNow, Outcome, Perhaps, Sent
from leadbell.twilio_rest import NO_TEXTS, Failed, Form, NotOurs, NotReached, Unsure, in_words
from leadbell.twilio_rest import Account as Rest
from leadbell.words import say

STOPPED = 21610
TOO_MANY = (429, 20429)
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


class Twilio:
    """A Carrier over Twilio's Messages (REST, 2010-04-01). It has no idempotency: what is unsure stays so."""

    def __init__(self, account: str, token: str, api: str) -> None:
        self._about = (account, token, api)

    def send(self, account: Account, letter: Letter) -> Outcome:
        if not _NUMBER.fullmatch(letter.to):
            return Never(say("the number can't be written to"), dead=True)
        form = [("To", letter.to), ("From", account.sender), ("Body", letter.text)]
        if letter.status_url:
            form.append(("StatusCallback", letter.status_url))
        try:
            provider_id = asyncio.run(self._post(form))
        except NotOurs:
            return NotNow(in_words(20003), ours=True)
        except NotReached:
            return NotNow(say("Twilio can't be reached"), ours=True)
        except Unsure:
            return Perhaps(say("Twilio didn't say whether it was sent"))
        except Failed as error:
            because = in_words(error.code)
            if error.code in TOO_MANY:
                return NotNow(because)
            return Never(because, dead=error.code in NO_TEXTS, opted_out=error.code == STOPPED)
        return Sent(provider_id)

    async def _post(self, form: Form) -> str:
        rest = Rest(*self._about, lambda: None)
        await rest.open()
        try:
            made = await rest.post("/Messages.json", form)
        finally:
            await rest.close()
        return str(made.get("sid") or "")
