"""The one form of an address in rows and routes, however a phone, a gateway or a provider spells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from transcode.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NUMBER_OR_MAIL", "Numbers", "check_numbers", "wrong_beginning"]

#: What an address of somebody is in rows and routes.
NUMBER_OR_MAIL = re.compile(r"\+?[0-9]{3,15}|[^\s@<>,]{1,64}@[^\s@<>,]{1,190}")

#: An address in brackets, behind a display name or none.
_NAMED = re.compile(r"[^<>]*<([^<>]*)>")
#: Blanks and quotation marks around an address.
_PADDING = '"' + "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
#: The longest address; each time that it is unwrapped reads it once.
_LONGEST = 1024
_SCHEME = re.compile(r"(tel|sms|mailto):", re.IGNORECASE)
#: The type of an address, and the domain of a gateway behind it (OMA-TS-MMS_ENC-V1_3, 8).
_TYPE = re.compile(r"/TYPE=([A-Za-z0-9]+)(?:@[^<>@]*)?\Z", re.IGNORECASE)
_PLMN = "PLMN"
#: What people write between digits: blanks, brackets, dots, slashes, and hyphens of several kinds.
_GROUPS = str.maketrans("", "", " \t().-/\xa0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_DIALLED = re.compile(r"\+?[0-9*#]{1,20}")
#: A number with its country code (ITU-T E.164: 15 digits at most). No shorter one is in use.
_E164 = re.compile(r"[1-9][0-9]{6,14}")
#: The least digits of a national number behind its trunk prefix. Short codes have fewer.
_SHORTEST = 6
#: The least digits of a number that begins with the country code and has no + before it.
_SHORTEST_WHOLE = 10
#: Codes of countries whose numbers keep their first 0 behind the code: Italy, San Marino, Ivory Coast (since
#: 2021), Benin (since 2024) and Congo. It is part of the number, and no trunk prefix.
_WITH_ZERO = ("39", "378", "225", "229", "242")
#: A trunk prefix in brackets, as after a country code.
_OPTIONAL_TRUNK = "(0)"


#: What numbers in rows begin with, or are.
_BEGINNING = re.compile(r"\+?[0-9*#]{0,20}")


def wrong_beginning(written: Iterable[str]) -> str | None:
    """Return what is wrong with beginnings of numbers, or whole ones, in a configuration; None: nothing.

    One with blanks or letters would be that of no number, without a word.
    """
    wrong = next((one for one in written if not _BEGINNING.fullmatch(one)), None)
    return None if wrong is None else f"{wrong!r} is no number and no beginning of one: a + and digits alone"


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers are dialled where the centre is.

    Attributes:
        country: the code of the country, such as ``"49"``; ``""``: national numbers stay as they are, and
            nobody serves them.
        trunk: what is dialled before a national number: ``"0"`` in most countries, ``"1"`` in North America,
            ``""`` where it is nothing. Where numbers keep their first 0 behind the code of the country, as in
            Italy, ``"0"`` counts as nothing.
        international: what is dialled before the code of a country, such as ``"00"`` and ``"011"``.
        digits: the digits of each national number without ``trunk``, where all have as many: such a number is
            national without ``trunk`` too; 0: they differ.
    """

    country: str = ""
    trunk: str = "0"
    international: str = "00"
    digits: int = 0

    def normal(self, address: str, *, msisdn: bool = False, home: bool = True) -> str:
        """Return an address as rows and routes have it: ``+`` and digits, a short code, or as it is.

        Args:
            address: the address, with or without display name, type and scheme.
            msisdn: whether who wrote it writes country codes without ``+`` (3GPP TS 23.003, 3.3).
            home: whether a national number is one of this country.
        """
        text, kind = _bare(address)
        dialled = text
        if _OPTIONAL_TRUNK in text and self._is_optional(text.partition(_OPTIONAL_TRUNK)[0]):
            dialled = text.replace(_OPTIONAL_TRUNK, "", 1)
        dialled = dialled.translate(_GROUPS)
        if kind != _PLMN and "@" not in text:
            # Without its type, digits and dots of an address of another kind would be a number.
            return f"{text}/TYPE={kind}"
        if kind != _PLMN or not _DIALLED.fullmatch(dialled):
            return text
        return self._whole(dialled, msisdn=msisdn, home=home)

    def pattern(self, text: str) -> str:
        """Return a pattern of addresses, in which ``*`` stands for any characters, in the form of rows."""
        head, star, rest = text.strip().partition("*")
        if not star:
            return self.normal(text)
        if rest or not head.isdecimal() or not head.isascii():
            return text.strip()
        if self.international and head.startswith(self.international):
            return f"+{head.removeprefix(self.international)}*"
        if self._keeps_zero and head.startswith("0"):
            return f"+{self.country}{head}*"
        if self.country and self.trunk and head.startswith(self.trunk):
            return f"+{self.country}{head.removeprefix(self.trunk)}*"
        return text.strip()

    @property
    def _keeps_zero(self) -> bool:
        return self.trunk in ("", "0") and self.country in _WITH_ZERO

    def _is_optional(self, before: str) -> bool:
        """Return whether a 0 in brackets is left out behind what stands before it."""
        code = before.translate(_GROUPS)
        for prefix in ("+", self.international or "+"):
            if code.startswith(prefix):
                return code.removeprefix(prefix) not in _WITH_ZERO
        return False

    def _whole(self, dialled: str, *, msisdn: bool, home: bool) -> str:
        """Return a number without groups with its country code, if it has one or can be given one."""
        if dialled.startswith("+"):
            return self._without_trunk(dialled)
        if not dialled.isdecimal():
            return dialled
        abroad = dialled.removeprefix(self.international)
        if self.international and abroad != dialled and _E164.fullmatch(abroad):
            return self._without_trunk(f"+{abroad}")
        national = self._national(dialled) if home and self.country else ""
        if national:
            return f"+{self.country}{national}"
        return f"+{dialled}" if msisdn and _E164.fullmatch(dialled) else dialled

    def _without_trunk(self, number: str) -> str:
        """Return a number without the 0 that somebody left behind the code of this country."""
        code = f"+{self.country}"
        if not self.country or self.trunk != "0" or self._keeps_zero or not number.startswith(f"{code}0"):
            return number
        return code + number.removeprefix(code).lstrip("0")

    def _national(self, dialled: str) -> str:
        """Return what follows the country code; ``""``: this is no national number."""
        if self._keeps_zero and dialled.startswith("0"):
            is_number = len(dialled) >= _SHORTEST and _E164.fullmatch(self.country + dialled)
            return dialled if is_number else ""
        behind = dialled.removeprefix(self.trunk)
        if self.trunk and behind != dialled and self._is_national(behind):
            return behind
        if self.digits and len(dialled) == self.digits:
            return dialled
        behind = dialled.removeprefix(self.country)
        is_whole = len(behind) == self.digits if self.digits else len(dialled) >= _SHORTEST_WHOLE
        return behind if behind != dialled and is_whole and self._is_national(behind) else ""

    def _is_national(self, digits: str) -> bool:
        if not _E164.fullmatch(self.country + digits) or (digits.startswith("0") and not self._keeps_zero):
            return False
        return len(digits) == self.digits if self.digits else len(digits) >= _SHORTEST


def _bare(address: str) -> tuple[str, str]:
    """Return an address without display name, scheme and type, and the type.

    What several doors wrapped is unwrapped to the end, so that the form of an address is its own. What is too
    long for an address is none, and stays.
    """
    kind, before, text = _PLMN, "", address
    while text != before and len(address) <= _LONGEST:
        before = text
        named = _NAMED.fullmatch(text.strip())
        text = (named[1] if named else text).strip(_PADDING)
        scheme = _SCHEME.match(text)
        if scheme is not None:
            text = text[scheme.end() :].strip()
            if scheme[1].lower() != "mailto":
                # Parameters such as an extension are nothing that is dialled (RFC 3966, 3).
                text = unquote(text.partition(";")[0].partition("?")[0])
        typed = _TYPE.search(text)
        if typed is not None:
            text, kind = text[: typed.start()].strip(), typed[1].upper()
    return text, kind


def check_numbers(numbers: Numbers, source: str) -> None:
    """Check the table ``numbers``.

    Raises:
        ConfigError: a value can't be right; the error names file and key.
    """
    for key, form, words in (
        ("country", r"([1-9][0-9]{0,2})?", "the digits of a country code, such as 49"),
        ("trunk", r"[0-9]{0,3}", "up to three digits, such as 0"),
        ("international", r"[0-9]{0,5}", "up to five digits, such as 00"),
    ):
        if not re.fullmatch(form, getattr(numbers, key)):
            raise ConfigError(source, f"must be {words}, not {getattr(numbers, key)!r}", key=f"numbers.{key}")
    if numbers.digits and not _SHORTEST <= numbers.digits <= 15 - len(numbers.country):
        raise ConfigError(
            source, f"must be 0, or from {_SHORTEST} to {15 - len(numbers.country)}", key="numbers.digits"
        )
    if numbers.digits and not numbers.country:
        raise ConfigError(source, "has no effect without country", key="numbers.digits")
