"""The messages a dealer begins with, in the customers' languages; each can be replaced on the Dealer page."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadbell.conversation.ports import CarrierName


@dataclass(frozen=True, slots=True)
class Template:
    """A message to begin with; a text message has no subject."""

    text: str
    subject: str = ""


_MAILS: dict[str, dict[str, Template]] = {
    "answer": {
        "nl": Template("Beste {name},\n\nBedankt voor uw vraag over de {car}.\n\n\n\n{signature}", "Uw vraag over de {car}"),
        "en": Template("Dear {name},\n\nThank you for asking about the {car}.\n\n\n\n{signature}", "Your question about the {car}"),
        "ru": Template("Здравствуйте, {name}!\n\nСпасибо за ваш вопрос про {car}.\n\n\n\n{signature}", "Ваш вопрос про {car}"),
    },
    "not_reached": {
        "nl": Template("Beste {name},\n\nIk probeerde u te bellen over de {car}, maar kreeg u niet te pakken. Wanneer schikt het u?\n\n{signature}", "Wanneer kan ik u bellen?"),
        "en": Template("Dear {name},\n\nI tried to call you about the {car} and couldn't reach you. When would suit you?\n\n{signature}", "When can I call you?"),
        "ru": Template("Здравствуйте, {name}!\n\nВы спрашивали про {car}, но дозвониться до вас не удалось. Когда вам удобно поговорить?\n\n{signature}", "Когда вам можно позвонить?"),
    },
    "quote": {
        "nl": Template("Beste {name},\n\nZoals besproken, hierbij ons voorstel voor de {car}:\n\n\n\n{signature}", "Ons voorstel voor de {car}"),
        "en": Template("Dear {name},\n\nAs we discussed, here is our proposal for the {car}:\n\n\n\n{signature}", "Our proposal for the {car}"),
        "ru": Template("Здравствуйте, {name}!\n\nКак договорились, наше предложение на {car}:\n\n\n\n{signature}", "Наше предложение на {car}"),
    },
    "confirmation": {
        "nl": Template("Beste {name},\n\nTot {appointment} bij {dealer}. De {car} staat voor u klaar.\n\n{video}\n\n{signature}", "Onze afspraak: {appointment}"),
        "en": Template("Dear {name},\n\nSee you on {appointment} at {dealer}. The {car} will be ready for you.\n\n{video}\n\n{signature}", "Our appointment: {appointment}"),
        "ru": Template("Здравствуйте, {name}!\n\nЖдём вас {appointment} в {dealer}. Мы подготовим {car} к вашему приезду.\n\n{video}\n\n{signature}", "Наша встреча: {appointment}"),
    },
    "cancelled": {
        "nl": Template("Beste {name},\n\nOnze afspraak op {appointment} bij {dealer} gaat niet door. Wanneer schikt het u wel?\n\n{signature}", "Onze afspraak van {appointment} gaat niet door"),
        "en": Template("Dear {name},\n\nOur appointment on {appointment} at {dealer} is cancelled. When would suit you instead?\n\n{signature}", "Our appointment on {appointment} is cancelled"),
        "ru": Template("Здравствуйте, {name}!\n\nНаша встреча {appointment} в {dealer} отменена. Когда вам было бы удобно?\n\n{signature}", "Наша встреча {appointment} отменена"),
    },
    "acknowledge": {
        "nl": Template("Beste {name},\n\nUw vraag over de {car} is binnen. We zijn nu gesloten; een verkoper van {dealer} belt of schrijft u zodra we open zijn.\n\nDit bericht is automatisch verstuurd.", "We hebben uw vraag ontvangen"),
        "en": Template("Dear {name},\n\nYour question about the {car} has arrived. We are closed now; a salesperson of {dealer} will call or write to you when we open.\n\nThis message was sent automatically.", "We have your question"),
        "ru": Template("Здравствуйте, {name}!\n\nВаш вопрос про {car} получен. Сейчас мы закрыты; менеджер {dealer} свяжется с вами, когда мы откроемся.\n\nЭто сообщение отправлено автоматически.", "Мы получили ваш вопрос"),
    },
    "remind": {
        "nl": Template("Beste {name},\n\nTer herinnering: onze afspraak bij {dealer} is {appointment}.\n\nDit bericht is automatisch verstuurd.", "Herinnering: {appointment}"),
        "en": Template("Dear {name},\n\nA reminder: our appointment at {dealer} is on {appointment}.\n\nThis message was sent automatically.", "Reminder: {appointment}"),
        "ru": Template("Здравствуйте, {name}!\n\nНапоминаем о встрече в {dealer}: {appointment}.\n\nЭто сообщение отправлено автоматически.", "Напоминание: {appointment}"),
    },
    "introduce": {
        "nl": Template("Beste {name},\n\n{salesperson} van {dealer} ontvangt u en neemt nog persoonlijk contact met u op.\n{appointment}\n\nDit bericht is automatisch verstuurd.", "{salesperson} van {dealer} ontvangt u"),
        "en": Template("Dear {name},\n\n{salesperson} of {dealer} will receive you, and will get in touch with you personally.\n{appointment}\n\nThis message was sent automatically.", "{salesperson} of {dealer} will receive you"),
        "ru": Template("Здравствуйте, {name}!\n\nВас встретит {salesperson}, {dealer}, и ещё лично свяжется с вами.\n{appointment}\n\nЭто сообщение отправлено автоматически.", "Вас встретит {salesperson}"),
    },
}  # fmt: skip
_TEXTS: dict[str, dict[str, Template]] = {
    "answer": {
        "nl": Template("Beste {name}, bedankt voor uw vraag over de {car}. {salesperson}, {dealer}"),
        "en": Template("Dear {name}, thank you for asking about the {car}. {salesperson}, {dealer}"),
        "ru": Template("Здравствуйте, {name}! Спасибо за вопрос про {car}. {salesperson}, {dealer}"),
    },
    "not_reached": {
        "nl": Template("Beste {name}, ik belde u over de {car}. Wanneer schikt het u? {salesperson}, {dealer}"),
        "en": Template("Dear {name}, I called you about the {car}. When would suit you? {salesperson}, {dealer}"),
        "ru": Template("Здравствуйте, {name}! Вы спрашивали про {car}, дозвониться до вас не удалось. Когда вам удобно? {salesperson}, {dealer}"),
    },
    "confirmation": {
        "nl": Template("Beste {name}, tot {appointment} bij {dealer}. {video} {salesperson}"),
        "en": Template("Dear {name}, see you on {appointment} at {dealer}. {video} {salesperson}"),
        "ru": Template("Здравствуйте, {name}! Ждём вас {appointment} в {dealer}. {video} {salesperson}"),
    },
    "cancelled": {
        "nl": Template("Beste {name}, onze afspraak op {appointment} bij {dealer} gaat niet door. Wanneer schikt het u wel? {salesperson}"),
        "en": Template("Dear {name}, our appointment on {appointment} at {dealer} is cancelled. When would suit you instead? {salesperson}"),
        "ru": Template("Здравствуйте, {name}! Наша встреча {appointment} в {dealer} отменена. Когда вам было бы удобно? {salesperson}"),
    },
    "remind": {
        "nl": Template("Beste {name}, ter herinnering: onze afspraak bij {dealer} is {appointment}. (automatisch verstuurd)"),
        "en": Template("Dear {name}, a reminder: our appointment at {dealer} is on {appointment}. (sent automatically)"),
        "ru": Template("Здравствуйте, {name}! Напоминаем о встрече в {dealer}: {appointment}. (отправлено автоматически)"),
    },
    "introduce": {
        "nl": Template("Beste {name}, {salesperson} van {dealer} ontvangt u. {appointment} (automatisch verstuurd)"),
        "en": Template("Dear {name}, {salesperson} of {dealer} will receive you. {appointment} (sent automatically)"),
        "ru": Template("Здравствуйте, {name}! Вас встретит {salesperson}, {dealer}. {appointment} (отправлено автоматически)"),
    },
}  # fmt: skip
DEFAULTS: Mapping[CarrierName, Mapping[str, Mapping[str, Template]]] = {"email": _MAILS, "sms": _TEXTS}
