"""Mail as an organisation writes it, made up: the same seed gives the same messages, wherever it runs."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate
from pathlib import Path
from random import Random

from attrs import frozen

_BEGIN = datetime(2020, 1, 6, 8, tzinfo=UTC)
_SPAN = timedelta(days=6 * 365)

_RARE = 60_000
"""Words beside the common ones: names, places, part numbers."""

_PEOPLE = 4_000
_ONSETS = tuple("b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sch st t tr v w z".split())  # noqa: SIM905
_VOWELS = tuple("a e i o u ai au ea ei ie oo ou".split())  # noqa: SIM905
_CODAS = tuple("n r s t l m ck nd rt ng ss st x".split())  # noqa: SIM905
_FILES = ("Report.pdf", "Minutes.docx", "Figures.xlsx", "Offer.pdf", "Photo.jpg", "Plan.pptx", "Contract.pdf")


@frozen
class Mail:
    """One message, and when it came."""

    received: datetime
    content: bytes


class Mails:
    """An organisation's vocabulary and people. Word n is written some n times as rarely as the first (Zipf)."""

    def __init__(self, seed: int = 1) -> None:
        random = Random(seed)
        common = list(dict.fromkeys((Path(__file__).parent / "words.txt").read_text(encoding="ascii").split()))
        self.words = common + [_word(random) for _ in range(_RARE)]
        self._weights = list(accumulate((rank + 2.7) ** -1.12 for rank in range(len(self.words))))
        self.people = [_person(random, number) for number in range(_PEOPLE)]
        self._closeness = list(accumulate(1 / (rank + 5) for rank in range(_PEOPLE)))
        self._seed = seed

    def to(self, address: str, count: int) -> Iterator[Mail]:
        """Yield the messages that one person received, oldest first."""
        random = Random(f"{self._seed} {address}")
        threads: list[tuple[str, str, str]] = []  # subject, references, text
        for number in range(count):
            received = _BEGIN + _SPAN * number / count
            yield Mail(received, self._mail(random, address, number, received, threads))
            del threads[:-400]

    def text(self, random: Random, count: int) -> str:
        """Return running text of so many words."""
        words = random.choices(self.words, cum_weights=self._weights, k=count)
        for place in range(0, count, 11):
            words[place] = words[place].capitalize()
            words[place - 1] += "."
        return "\r\n".join(" ".join(words[place : place + 13]) for place in range(0, count, 13))

    def _mail(
        self, random: Random, address: str, number: int, received: datetime, threads: list[tuple[str, str, str]]
    ) -> bytes:
        reply = bool(threads) and random.random() < 0.45
        before = random.choice(threads) if reply else ("", "", "")
        subject = before[0] or " ".join(random.choices(self.words, cum_weights=self._weights, k=random.randint(2, 8)))
        text = self.text(random, min(6000, 8 + int(random.lognormvariate(4.4, 0.9))))
        quoted = "".join(f"> {line}\r\n" for line in before[2].splitlines())
        identifier = f"<{number}.{random.getrandbits(48):x}@mail.example.org>"
        references = f"{before[1]} {identifier}".strip()
        threads.append((subject, " ".join(references.split()[-8:]), text[:1500]))
        head = [
            f"From: {self._someone(random)}",
            f"To: {', '.join([address, *(self._someone(random) for _ in range(random.choice((0, 0, 0, 1, 2, 5))))])}",
            f"Subject: {'Re: ' if reply else ''}{subject.capitalize()}",
            f"Date: {format_datetime(received)}",
            f"Message-ID: {identifier}",
            "MIME-Version: 1.0",
        ]
        if reply:
            head += [f"In-Reply-To: {before[1].split()[-1]}", f"References: {before[1]}"]
        return "\r\n".join([*head, self._body(random, f"{text}\r\n\r\n{quoted}")]).encode()

    def _body(self, random: Random, text: str) -> str:
        plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        body = plain if random.random() < 0.4 else _alternative(plain, text)
        return body if random.random() < 0.85 else _mixed(body, random)

    def _someone(self, random: Random) -> str:
        return random.choices(self.people, cum_weights=self._closeness)[0]


def _alternative(plain: str, text: str) -> str:
    paragraphs = "".join(f'<p style="margin:0cm;font-family:Calibri">{line}</p>\r\n' for line in text.splitlines())
    markup = f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n{paragraphs}</body></html>\r\n"
    return f'Content-Type: multipart/alternative; boundary="=_a"\r\n\r\n--=_a\r\n{plain}--=_a\r\n{markup}--=_a--\r\n'


def _mixed(body: str, random: Random) -> str:
    data = encodebytes(random.randbytes(random.randint(500, 6000))).decode().replace("\n", "\r\n")
    part = (
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{random.choice(_FILES)}"\r\n\r\n{data}'
    )
    return f'Content-Type: multipart/mixed; boundary="=_m"\r\n\r\n--=_m\r\n{body}--=_m\r\n{part}--=_m--\r\n'


def _word(random: Random) -> str:
    syllables = random.choice((1, 2, 2, 3, 3, 4))
    return "".join(random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(syllables)) + random.choice(_CODAS)


def _person(random: Random, number: int) -> str:
    given, surname = _word(random).capitalize(), _word(random).capitalize()
    return f"{given} {surname} <{given}.{surname}.{number}@example.{random.choice(('org', 'net', 'com'))}>".replace(
        f"<{given}.{surname}", f"<{given}.{surname}".lower()
    )
