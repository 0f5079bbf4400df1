"""What customers and salespeople write, by language. {model} and {car} are the car, {own} the customer's own."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "new": (
            "What would the {model} cost, all in?",
            "How long is the delivery time of the {model} right now?",
            "I'm comparing the {model} with two other cars. Can you send me a quote?",
            "Does the {model} come with a tow bar? And is there one in blue?",
            "We need a bigger car before the summer. Can you tell me more about the {model}?",
            "Is there any discount on the {model} this month?",
        ),
        "used": (
            "Is this {model} still for sale?",
            "Does this {model} have a full service history?",
            "Is there anything to negotiate on the price of the {model}?",
            "Can I come and see the {model} on Saturday?",
            "Has the {model} had more than one owner? And does it come with warranty?",
        ),
        "test_drive": (
            "I'd like to drive the {model} this weekend.",
            "Can I book a test drive with the {model}? Mornings are best.",
            "Is there a {model} to try, and may I bring the children's seats?",
        ),
        "lease": (
            "What does the {model} cost a month, 48 months and 15,000 km a year?",
            "Private lease for the {model}: what is possible without a down payment?",
            "My company car ends in two months. What would a {model} cost to lease?",
        ),
        "trade_in": ("I'd trade in my {own}.", "What would you give for my {own}?"),
        "again": (
            "I haven't heard anything yet about the {model}. Could somebody call me?",
            "One more question about the {model}: what is the range in winter?",
            "Still interested in the {model}. After five is best.",
        ),
        "direct_mail": (
            "I got your letter about the {model}. What does the offer mean for me?",
            "About your mailing: please send me the price of the {model}.",
        ),
        "lost_sale": (
            "We didn't agree last year, but I'm looking again. What is the {model} now?",
            "Still driving the old one. Is there a better offer for the {model} now?",
        ),
        "call_back": (
            "wants to talk to their partner first",
            "in a meeting, call back",
            "waits for the offer of another dealer",
        ),
        "booked": ("test drive", "look at the car", "appraisal and test drive"),
        "noted": (
            "Prefers a call after work.",
            "Doubts between two colours.",
            "Has a driveway with a charger.",
        ),
        "lost": ("bought at a dealer nearer by", "keeps the old car for another year", ""),
    },
    "nl": {
        "new": (
            "Wat kost de {model} rijklaar?",
            "Wat is op dit moment de levertijd van de {model}?",
            "Ik vergelijk de {model} met twee andere auto's. Kunt u mij een offerte sturen?",
            "Is de {model} ook met trekhaak leverbaar? En staat er een blauwe?",
            "Wij zoeken voor de zomer een grotere auto. Kunt u mij meer vertellen over de {model}?",
            "Zijn er deze maand nog acties op de {model}?",
        ),
        "used": (
            "Is deze {model} nog te koop?",
            "Is deze {model} dealeronderhouden?",
            "Zit er nog iets in de prijs van de {model}?",
            "Kan ik zaterdag naar de {model} komen kijken?",
            "Heeft de {model} meer dan één eigenaar gehad? En zit er garantie op?",
        ),
        "test_drive": (
            "Ik wil dit weekend graag een proefrit maken met de {model}.",
            "Kan ik een proefrit met de {model} plannen? Het liefst 's ochtends.",
            "Staat er een {model} om te proberen? Ik neem de kinderstoeltjes mee.",
        ),
        "lease": (
            "Wat kost de {model} per maand, 48 maanden en 15.000 km per jaar?",
            "Private lease voor de {model}: wat kan er zonder aanbetaling?",
            "Mijn leaseauto loopt over twee maanden af. Wat kost een {model}?",
        ),
        "trade_in": ("Ik wil mijn {own} inruilen.", "Wat krijg ik voor mijn {own}?"),
        "again": (
            "Ik heb nog niets gehoord over de {model}. Kan iemand mij bellen?",
            "Nog een vraag over de {model}: wat is het bereik in de winter?",
            "Ik heb nog steeds interesse in de {model}. Na vijven ben ik bereikbaar.",
        ),
        "direct_mail": (
            "Ik kreeg uw brief over de {model}. Wat betekent de aanbieding voor mij?",
            "Naar aanleiding van uw mailing: graag de prijs van de {model}.",
        ),
        "lost_sale": (
            "Vorig jaar kwamen we er niet uit, maar ik ben weer op zoek. Wat kost de {model} nu?",
            "Ik rijd nog steeds de oude. Is er nu een beter aanbod voor de {model}?",
        ),
        "call_back": (
            "overlegt eerst met partner",
            "zit in een vergadering, terugbellen",
            "wacht op de offerte van een ander",
        ),
        "booked": ("proefrit", "auto bekijken", "taxatie en proefrit"),
        "noted": (
            "Liefst bellen na het werk.",
            "Twijfelt tussen twee kleuren.",
            "Heeft een laadpaal op de oprit.",
        ),
        "lost": ("gekocht bij een dealer dichterbij", "rijdt nog een jaar door", ""),
    },
    "ru": {
        "new": (
            "Сколько стоит {model} со всеми расходами?",
            "Какой сейчас срок поставки {model}?",
            "Выбираю между {model} и двумя другими машинами. Пришлите, пожалуйста, предложение.",
            "Есть ли {model} в синем цвете в наличии?",
            "Есть ли скидки на {model} в этом месяце?",
        ),
        "used": (
            "Эта {model} ещё продаётся?",
            "Есть ли у {model} сервисная история?",
            "Возможен ли торг по {model}?",
            "Можно приехать посмотреть {model} в субботу?",
        ),
        "test_drive": (
            "Хочу записаться на тест-драйв {model} на выходных.",
            "Можно тест-драйв {model}? Лучше утром.",
        ),
        "lease": (
            "Какой платёж в месяц за {model} на 48 месяцев?",
            "Интересует лизинг {model} без первого взноса.",
        ),
        "trade_in": ("Хочу сдать в трейд-ин {own}.", "Сколько дадите за мою {own}?"),
        "again": (
            "Мне так и не позвонили по {model}. Перезвоните, пожалуйста.",
            "Ещё вопрос по {model}: какой запас хода зимой?",
        ),
        "direct_mail": (
            "Получил ваше письмо о {model}. Что это значит для меня?",
            "По вашей рассылке: пришлите цену {model}.",
        ),
        "lost_sale": (
            "В прошлом году не договорились, но я снова ищу. Сколько теперь стоит {model}?",
            "Езжу на старой. Есть ли предложение лучше по {model}?",
        ),
        "call_back": (
            "советуется с семьёй",
            "на совещании, перезвонить",
            "ждёт предложение другого дилера",
        ),
        "booked": ("тест-драйв", "осмотр машины", "оценка и тест-драйв"),
        "noted": (
            "Лучше звонить после работы.",
            "Выбирает между двумя цветами.",
            "Дома есть зарядка.",
        ),
        "lost": ("купил ближе к дому", "ещё год поездит на старой", ""),
    },
    "lv": {
        "new": (
            "Cik maksā {model}?",
            "Kāds pašlaik ir {model} piegādes laiks?",
            "Lūdzu, atsūtiet piedāvājumu par {model}.",
        ),
        "used": ("Vai šis {model} vēl tiek pārdots?", "Vai sestdien var apskatīt {model}?"),
        "test_drive": ("Vēlos pieteikties {model} izmēģinājuma braucienam.",),
        "lease": ("Cik maksātu {model} līzings uz 48 mēnešiem?",),
        "trade_in": ("Vēlos nodot savu {own}.",),
        "again": ("Vēl neesmu saņēmis atbildi par {model}. Lūdzu, piezvaniet.",),
        "direct_mail": ("Saņēmu jūsu vēstuli par {model}. Kāda ir cena?",),
        "lost_sale": ("Atkal meklēju auto. Cik tagad maksā {model}?",),
    },
}
