"""The story's messages: e-mails, texts, chats and video mails, and what became of them."""

from collections.abc import Callable, Mapping

from leadbell.desk.story.line import Line, Names, length, name_of
from leadbell.lead.facts import (
    ChatAnswered,
    ChatEnded,
    ChatUnanswered,
    NotIntroduced,
    Replied,
    Undelivered,
    VideoOpened,
    VideoWatched,
    Wrote,
)
from leadbell.lead.standing import Standing
from leadbell.words import Words, say


def _wrote(fact: Wrote, names: Names, before: Standing) -> Line:
    if fact.by is None:
        sentence = {
            "email": say("An e-mail was sent by the system"), "sms": say("A text was sent by the system"),
            "video": say("A video mail was sent by the system"), "chat": say("A chat message was sent by the system"),
        }[fact.carrier]  # fmt: skip
        if fact.introduces is not None:
            sentence = _introduced(fact.carrier == "sms", name_of(fact.introduces, names))
        return Line(fact.at, "robot", "automation", sentence, (say("automation: does not count as contact"),))
    name = name_of(fact.by, names)
    sentence = {
        "email": say("%(name)s wrote an e-mail", name=name), "sms": say("%(name)s sent a text", name=name),
        "video": say("%(name)s sent a video mail", name=name), "chat": say("%(name)s wrote in the chat", name=name),
    }[fact.carrier]  # fmt: skip
    return Line(fact.at, "video" if fact.carrier == "video" else "mail", "human", sentence)


def _introduced(by_text: bool, name: str) -> Words:
    if by_text:
        return say("A text told the customer that %(name)s receives them", name=name)
    return say("An e-mail told the customer that %(name)s receives them", name=name)


def _not_introduced(fact: NotIntroduced, names: Names, before: Standing) -> Line:
    sentence = say(
        "The customer couldn’t be told that %(name)s receives them", name=name_of(fact.person, names)
    )
    return Line(fact.at, "mail-x", "system", sentence, fact.because, "bad")


def _replied(fact: Replied, names: Names, before: Standing) -> Line:
    sentence = {
        "email": say("The customer answered by e-mail"), "sms": say("The customer answered by text"),
        "chat": say("The customer answered in the chat"), "call": say("The customer called back"),
    }[fact.carrier]  # fmt: skip
    return Line(fact.at, "message-reply", "system", sentence, tone="good")


def _undelivered(fact: Undelivered, names: Names, before: Standing) -> Line:
    sentence = (
        say("The e-mail didn't reach the customer") if fact.carrier == "email"
        else say("The text didn't reach the customer")
    )  # fmt: skip
    return Line(fact.at, "mail-x", "system", sentence, (fact.because,) if fact.because else (), "bad")


def _chat_answered(fact: ChatAnswered, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s answered the chat", name=name_of(fact.by, names))
    waited = say("%(time)s after the visitor wrote", time=length(fact.waited_ms / 1000))
    return Line(fact.at, "messages", "human", sentence, (waited,), "good")


def _chat_unanswered(fact: ChatUnanswered, names: Names, before: Standing) -> Line:
    sentence = say("Nobody answered the chat within %(seconds)s seconds", seconds=fact.patience_s)
    why = (say("it goes on as an online lead, the chat is its message"),)
    return Line(fact.at, "message-off", "system", sentence, why, "bad")


def _chat_ended(fact: ChatEnded, names: Names, before: Standing) -> Line:
    sentence = {
        "visitor": say("The visitor ended the chat"), "person": say("The chat was ended by us"),
        "quiet": say("The chat is over: nobody wrote any more"),
    }[fact.how]  # fmt: skip
    lines = say("%(theirs)s lines by the customer, %(ours)s by us", theirs=fact.theirs, ours=fact.ours)
    automatic = (
        (say("%(count)s automatic: does not count as contact", count=fact.automatic),)
        if fact.automatic
        else ()
    )
    return Line(fact.at, "message-off", "system", sentence, (lines, *automatic))


def _video_opened(fact: VideoOpened, names: Names, before: Standing) -> Line:
    return Line(fact.at, "video", "system", say("The video mail was opened"), tone="good")


def _video_watched(fact: VideoWatched, names: Names, before: Standing) -> Line:
    return Line(fact.at, "video", "system", say("The video mail was watched to the end"), tone="good")


TELLERS: Mapping[type, Callable[..., Line]] = {
    Wrote: _wrote, NotIntroduced: _not_introduced, Replied: _replied, Undelivered: _undelivered,
    ChatAnswered: _chat_answered,
    ChatUnanswered: _chat_unanswered, ChatEnded: _chat_ended, VideoOpened: _video_opened, VideoWatched: _video_watched,
}  # fmt: skip
