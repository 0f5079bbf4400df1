"""What the widget says, in the language of the page."""

from leadbell.words import Words, say

#: By the names that `chat.js` knows them by.
TEXTS: dict[str, Words] = {
    "open": say("Chat with us"),
    "title": say("Chat with %(dealer)s", dealer="%(dealer)s"),
    "close": say("Close the chat window"),
    "here": say("Somebody is here: an answer usually takes less than half a minute."),
    "away": say("Nobody is at a desk right now. Leave your question and how to reach you: somebody gets back to you."),
    "closed": say("We are closed. Leave your question and how to reach you: somebody gets back to you."),
    "closed_until": say(
        "We are closed until %(opening)s. Leave your question and how to reach you: somebody gets back to you then.",
        opening="%(opening)s",
    ),
    "private": say("Nothing is stored on your device before you send something."),
    "question": say("Your question"),
    "send": say("Send"),
    "you": say("You"),
    "system": say("Automatic message"),
    "waiting": say("Sent. We are ringing somebody for you…"),
    "unanswered": say("Nobody has answered yet, and your question is kept. How can we reach you?"),
    "name": say("Your name"),
    "phone": say("Phone number"),
    "email": say("E-mail address"),
    "leave": say("Get back to me"),
    "either": say("A phone number or an e-mail address is enough."),
    "kept": say("Thank you: somebody gets back to you. You can go on writing here meanwhile."),
    "over": say("This chat is over."),
    "again": say("Begin another chat"),
    "end": say("End the chat"),
    "erase": say("Erase this chat"),
    "erased": say("Erased: what was written here is kept nowhere any more."),
    "failed": say("That didn’t get through. It is tried again…"),
    "too_fast": say("One moment: that was a lot at once."),
    "refused": say("The chat doesn’t answer right now. Please call us."),
}  # fmt: skip
#: The automatic first line, where the dealer wants one.
GREETING = say("Thank you for your question. We are ringing somebody who can answer it.")
