"""Names of invented people, by the language their bearers write in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    first: tuple[str, ...]
    last: tuple[str, ...]
    #: Women's last names end in -а.
    russian: bool = False


def _names(first: str, last: str, russian: bool = False) -> Names:
    """First names apart by blanks; last names, which may have blanks, by commas."""
    lasts = (" ".join(name.split()) for name in last.split(","))
    return Names(tuple(first.split()), tuple(lasts), russian)


_DUTCH = _names(
    """Jan Piet Kees Joost Bas Thijs Ruben Sven Niels Gijs Jeroen Maarten Hendrik Teun Floris Sophie Emma Julia Eva
    Anouk Fleur Iris Marloes Esther Wilma Annelies Femke Nienke Tessa Ilse""",
    """Jansen, de Vries, van den Berg, Smit, Meijer, de Boer, Mulder, Bos, Vos, Peters, Hendriks, van Leeuwen, Dekker,
    Dijkstra, van Dam, Hoekstra, van der Meer, Schouten, Kok, Verhoeven, van Vliet, Koster, Scholten, Post, Wijnen,
    Blom, Prins, Huisman, van der Wal, Kuiper, Timmer, de Graaf, Zijlstra, Boersma, van Rijn, Veldman, Roos, Hofman,
    Bosman, Driessen""",
)
_TURKISH = _names(
    "Mehmet Ayşe Fatma Ahmet Elif Murat Zeynep Hakan Derya Yusuf",
    "Yılmaz, Kaya, Demir, Şahin, Çelik, Aydın, Öztürk, Arslan, Doğan, Koç",
)
_MOROCCAN = _names(
    "Youssef Fatima Karim Nadia Rachid Leila Hamza Amina Bilal Salma",
    "Benali, El Idrissi, Amrani, Bouzidi, Haddou, El Khatib, Azzouzi, Chafik",
)
_INTERNATIONAL = _names(
    """Oliver Grace Daniel Chloe Marcus Priya Wei Ana Diego Chidi Amara Piotr Katarzyna Luca Giulia Hannah Jonas Aisha
    Tom Olivia Raj Mei Pedro Inga Callum Freya Mateo Sofia Kwame Zainab Anders Birgit Rui Beatriz Ivan Milena Noah
    Ella Ravi Ananya Hugo Clara Liam Niamh""",
    """Carter, Hughes, Okonkwo, Patel, Chen, Silva, Kowalski, Nowak, Rossi, Bianchi, Weber, Murphy, Adeyemi, Sharma,
    Tan, Pereira, Evans, Novak, Schneider, Walsh, Mensah, Singh, Bennett, Clarke, Doyle, Eriksen, Ferreira, Fischer,
    Garcia, Gupta, Horvat, Ibrahim, Kim, Larsen, Lindgren, Martins, Moreau, Nguyen, Obi, Popescu, Quinn, Santos, Turner,
    Vasquez, Wong, Wright""",
)
_RUSSIAN = _names(
    """Александр Сергей Дмитрий Андрей Алексей Иван Михаил Николай Виктор Павел Елена Наталья Татьяна Екатерина Мария
    Юлия Дарья Ксения Вера Полина""",
    """Иванов, Смирнов, Кузнецов, Попов, Васильев, Новиков, Фёдоров, Морозов, Белов, Егоров, Комаров, Орлов, Киселёв,
    Макаров, Захаров, Соловьёв, Борисов, Королёв, Гусев, Титов""",
    russian=True,
)
_LATVIAN = _names(
    "Jānis Andris Māris Edgars Kaspars Artis Ilze Inese Līga Dace Kristīne Zane Laura Baiba",
    """Bērziņš, Kalniņš, Ozoliņš, Jansons, Liepiņš, Krūmiņš, Balodis, Eglītis, Zariņš, Petersons, Vītols, Kļaviņš,
    Šteins""",
)

#: With their shares.
BY_LANGUAGE: dict[str, tuple[tuple[Names, float], ...]] = {
    "nl": ((_DUTCH, 0.8), (_TURKISH, 0.09), (_MOROCCAN, 0.11)),
    "en": ((_INTERNATIONAL, 0.8), (_TURKISH, 0.1), (_MOROCCAN, 0.1)),
    "ru": ((_RUSSIAN, 1.0),),
    "lv": ((_LATVIAN, 1.0),),
}

_PAIRS = """а-a б-b в-v г-g д-d е-e ё-e ж-zh з-z и-i й-y к-k л-l м-m н-n о-o п-p р-r с-s т-t у-u ф-f х-kh ц-ts ч-ch
    ш-sh щ-shch ъ- ы-y ь- э-e ю-yu я-ya"""
_LATIN = dict(pair.split("-") for pair in _PAIRS.split())


def latin(name: str) -> str:
    """Cyrillic letters as they are written in mailboxes; others stay."""
    return "".join(_LATIN.get(sign, sign) for sign in name.lower())
