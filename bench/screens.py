"""Screenshots of phones and desks, drawn in code: text, shadows, gradients and photos in one picture.

Each function draws one kind of screen at any size. The photos in them are those of the corpus, or generated
ones. Sizes, words and places follow from the seed, so that the same pictures come out on every machine with
the same Pillow and FreeType.

Longer than 500 lines: it draws 22 kinds of screens, a function each.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench import corpus

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

_TEXT = (
    "the message arrives tomorrow morning with three photos from lake and mountain please call back after"
    " lunch train leaves platform nine at 18:42 price 24.90 total including delivery update ready install"
    " now settings network privacy battery display sound storage account help weather sunny rain wind 12"
    " degrees north"
)
_WORDS = _TEXT.split()


class Screen(NamedTuple):
    """One screenshot: how it is drawn, its size in pixels, and the file that it comes as."""

    kind: str
    width: int
    height: int
    file: str = "PNG"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(max(size, 8))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@cache
def _photo(number: int) -> Image.Image:
    names = corpus.names()
    image = Image.open(io.BytesIO(corpus.photo(names[number % len(names)])))
    image.draft("RGB", (2000, 2000))
    return image.convert("RGB")


def _cover(number: int, width: int, height: int) -> Image.Image:
    """A photo that fills a rectangle."""
    photo = _photo(number)
    scale = max(width / photo.width, height / photo.height)
    size = math.ceil(photo.width * scale), math.ceil(photo.height * scale)
    big = photo.resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return big.crop((left, top, left + width, top + height))


def _gradient(width: int, height: int, first: Colour, last: Colour, *, tilt: float = 1.0) -> Image.Image:
    """A linear gradient; tilt 1 runs down, 0 to the right."""
    y, x = np.mgrid[0:height, 0:width]
    t = (tilt * y / max(height - 1, 1) + (1 - tilt) * x / max(width - 1, 1))[..., None]
    mixed = np.array(first) * (1 - t) + np.array(last) * t
    return Image.fromarray(np.round(mixed).astype(np.uint8))


class _Page:
    """A screen that is being drawn; u is a hundredth of its shorter side."""

    def __init__(self, width: int, height: int, ground: Colour | Image.Image, seed: int) -> None:
        self.image = ground if isinstance(ground, Image.Image) else Image.new("RGB", (width, height), ground)
        self.pen = ImageDraw.Draw(self.image)
        self.width, self.height = width, height
        self.u = min(width, height) / 100
        self.random = random.Random(seed)

    def words(self, count: int) -> str:
        return " ".join(self.random.choice(_WORDS) for _ in range(count))

    def text(self, x: float, y: float, text: str, size: float, fill: Colour = (30, 30, 34)) -> None:
        self.pen.text((round(x), round(y)), text, fill=fill, font=_font(round(size * self.u)))

    def lines(self, box: Box, size: float, fill: Colour, *, gap: float = 1.5) -> None:
        """Fill a rectangle with lines of words."""
        x, y, right, below = box
        font = _font(round(size * self.u))
        while y + size * self.u < below:
            line = self.words(3)
            while True:
                longer = f"{line} {self.words(1)}"
                if self.pen.textlength(longer, font=font) > (right - x) * self.random.uniform(0.85, 1):
                    break
                line = longer
            self.pen.text((x, y), line, fill=fill, font=font)
            y = round(y + size * gap * self.u)

    def card(self, box: Box, fill: Colour, *, radius: float = 2, shadow: float = 0.0) -> None:
        """A rounded rectangle, with a soft shadow."""
        if shadow:
            mask = Image.new("L", self.image.size, 0)
            drop = round(shadow * self.u)
            moved = (box[0], box[1] + drop // 2, box[2], box[3] + drop // 2)
            ImageDraw.Draw(mask).rounded_rectangle(moved, radius * self.u, fill=110)
            mask = mask.filter(ImageFilter.GaussianBlur(drop))
            self.image.paste((0, 0, 0), (0, 0), mask)
        self.smooth(box, radius, fill)

    def smooth(self, box: Box, radius: float, fill: Colour | Image.Image) -> None:
        """A rounded rectangle with smooth edges, of one colour or of a picture."""
        width, height = box[2] - box[0], box[3] - box[1]
        mask = Image.new("L", (width * 2, height * 2), 0)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, width * 2 - 1, height * 2 - 1), radius * 2 * self.u, 255
        )
        mask = mask.resize((width, height), Image.Resampling.BOX)
        source = fill.resize((width, height)) if isinstance(fill, Image.Image) else fill
        self.image.paste(source, box, mask)

    def photo(self, box: Box, *, radius: float = 0) -> None:
        picture = _cover(self.random.randrange(12), box[2] - box[0], box[3] - box[1])
        self.smooth(box, radius, picture)

    def bar(self, height: float, ground: Colour, ink: Colour, text: str) -> int:
        """A bar at the top with the time and a title; returns its lower edge."""
        below = round(height * self.u)
        self.pen.rectangle((0, 0, self.width, below), fill=ground)
        self.text(3 * self.u, 1.2 * self.u, "09:41", 3.2, ink)
        self.text(4 * self.u, below - 6.4 * self.u, text, 4.6, ink)
        return below


def _int(*numbers: float) -> Box:
    left, top, right, below = (round(number) for number in numbers)
    return left, top, right, below


def chat(page: _Page) -> None:
    u, y = page.u, float(page.bar(16, (246, 246, 248), (10, 10, 12), "Anna, Ben and 3 others"))
    turn = 0
    while y < page.height - 12 * u:
        mine = turn % 3 == 1
        if turn % 5 == 4:
            box = _int(14 * u, y + 2 * u, 70 * u, y + 42 * u)
            page.photo(box, radius=3)
            y += 44 * u
        else:
            rows = page.random.randrange(1, 5)
            high = (3 + 4.8 * rows) * u
            left = page.width - 76 * u if mine else 14 * u
            box = _int(left, y + 2 * u, left + 62 * u, y + 2 * u + high)
            if mine:
                page.smooth(
                    box, 3, _gradient(box[2] - box[0], box[3] - box[1], (60, 150, 255), (20, 100, 240))
                )
            else:
                page.smooth(box, 3, (232, 232, 236))
            ink = (255, 255, 255) if mine else (20, 20, 24)
            page.lines(_int(box[0] + 3 * u, box[1] + 2 * u, box[2] - 3 * u, box[3]), 3.3, ink, gap=1.4)
            y += high + 3 * u
        if not mine:
            page.photo(_int(3 * u, y - 10 * u, 11 * u, y - 2 * u), radius=4)
        turn += 1


def window(page: _Page) -> None:
    """A browser's window with a shadow, on a desk with a gradient."""
    page.image.paste(_gradient(page.width, page.height, (40, 90, 160), (220, 120, 160), tilt=0.6))
    u, w, h = page.u, page.width, page.height
    page.card(_int(0.08 * w, 8 * u, 0.92 * w, h - 10 * u), (255, 255, 255), radius=1.5, shadow=3)
    page.pen.rectangle(_int(0.08 * w, 11 * u, 0.92 * w, 15 * u), fill=(236, 238, 242))
    page.text(0.12 * w, 11.6 * u, "https://example.org/weather/north", 1.9, (90, 90, 96))
    page.text(0.12 * w, 19 * u, "Three lakes that nobody visits", 4, (20, 20, 20))
    page.lines(_int(0.12 * w, 26 * u, 0.5 * w, h - 14 * u), 1.8, (40, 40, 44))
    page.photo(_int(0.54 * w, 26 * u, 0.88 * w, 60 * u))
    page.lines(_int(0.54 * w, 62 * u, 0.88 * w, h - 14 * u), 1.5, (30, 80, 200))


def gallery(page: _Page) -> None:
    y = page.bar(16, (255, 255, 255), (0, 0, 0), "Photos, 12 August")
    across = 3 if page.width < page.height else 6
    side, gap = page.width // across, max(2, round(0.4 * page.u))
    for top in range(y, page.height - side // 2, side):
        for column in range(across):
            left = column * side
            page.photo((left + gap, top + gap, left + side - gap, min(top + side - gap, page.height - 1)))


def map_(page: _Page) -> None:
    page.image.paste((240, 236, 228), (0, 0, page.width, page.height))
    big = Image.new("RGB", (page.width, page.height), (240, 236, 228))
    pen, u, rnd = ImageDraw.Draw(big), page.u, page.random
    for _ in range(14):
        x, y, r = rnd.uniform(0, page.width), rnd.uniform(0, page.height), rnd.uniform(6, 24) * u
        ring = [
            (x + r * rnd.uniform(0.6, 1.2) * math.cos(a / 4), y + r * rnd.uniform(0.6, 1.2) * math.sin(a / 4))
            for a in range(25)
        ]
        pen.polygon(ring, fill=rnd.choice([(200, 226, 190), (170, 210, 240), (225, 220, 212)]))
    for width, colour in ((0.5, (255, 255, 255)), (1.1, (255, 255, 255)), (1.8, (250, 214, 120))):
        for _ in range(26):
            ends = [(rnd.uniform(0, page.width), rnd.uniform(0, page.height)) for _ in range(3)]
            pen.line(ends, fill=(200, 196, 190), width=round((width + 0.4) * u), joint="curve")
            pen.line(ends, fill=colour, width=max(1, round(width * u)), joint="curve")
    page.image.paste(big.filter(ImageFilter.GaussianBlur(0.7)))
    for _ in range(60):
        place = rnd.uniform(0, page.width), rnd.uniform(0, page.height)
        page.text(*place, page.words(2).title(), rnd.choice([2.0, 2.4, 3.2]), (70, 70, 80))
    page.card(_int(4 * u, 5 * u, page.width - 4 * u, 15 * u), (255, 255, 255), radius=5, shadow=2)
    page.text(12 * u, 8 * u, "Search here", 3.6, (110, 110, 116))


def terminal(page: _Page) -> None:
    page.image.paste((24, 26, 30), (0, 0, page.width, page.height))
    inks = ((220, 220, 220), (120, 220, 120), (240, 190, 90), (110, 170, 250), (240, 110, 110))
    y, step = 2 * page.u, 2.6 * page.u
    while y < page.height - step:
        x = 2 * page.u
        for _ in range(page.random.randrange(2, 14)):
            word = page.words(1)
            page.text(x, y, word, 1.8, page.random.choice(inks))
            x += (len(word) + 1) * 1.15 * page.u
        y += step


def editor(page: _Page) -> None:
    page.image.paste((255, 255, 255), (0, 0, page.width, page.height))
    page.pen.rectangle(_int(0, 0, 0.2 * page.width, page.height), fill=(243, 243, 243))
    page.lines(_int(2 * page.u, 3 * page.u, 0.19 * page.width, page.height), 1.7, (60, 60, 60), gap=1.7)
    inks = ((0, 0, 255), (163, 21, 21), (0, 128, 0), (38, 127, 153), (0, 0, 0))
    y = 3 * page.u
    while y < page.height - 3 * page.u:
        x = 0.22 * page.width + page.random.randrange(4) * 3 * page.u
        page.text(0.205 * page.width, y, str(round(y / (2.6 * page.u))), 1.5, (140, 160, 170))
        for _ in range(page.random.randrange(1, 9)):
            word = page.words(1)
            page.text(x + 2 * page.u, y, word, 1.8, page.random.choice(inks))
            x += (len(word) + 1) * 1.15 * page.u
        y += 2.6 * page.u


def sheet(page: _Page) -> None:
    page.image.paste((255, 255, 255), (0, 0, page.width, page.height))
    high, wide = 3.4 * page.u, 14 * page.u
    for row in range(int(page.height / high) + 1):
        for column in range(int(page.width / wide) + 1):
            box = _int(column * wide, row * high, (column + 1) * wide, (row + 1) * high)
            fill = (232, 240, 254) if row == 0 else (255, 244, 214) if (row * column) % 11 == 5 else None
            page.pen.rectangle(box, fill=fill, outline=(218, 220, 224))
            number = f"{page.random.uniform(0, 9999):,.2f}" if column else page.words(1)
            ink = (200, 30, 30) if page.random.random() < 0.1 else (30, 30, 30)
            page.text(box[0] + 0.6 * page.u, box[1] + 0.6 * page.u, number, 1.8, ink)


def form(page: _Page) -> None:
    page.image.paste(_gradient(page.width, page.height, (245, 247, 252), (226, 232, 244)))
    u, w = page.u, page.width
    page.card(_int(6 * u, 12 * u, w - 6 * u, page.height - 12 * u), (255, 255, 255), radius=3, shadow=2)
    page.text(12 * u, 17 * u, "Delivery address", 5, (20, 24, 40))
    y = 28 * u
    while y < page.height - 38 * u:
        page.text(12 * u, y, page.words(2).title(), 2.6, (90, 96, 110))
        page.card(_int(12 * u, y + 4 * u, w - 12 * u, y + 11 * u), (250, 251, 253), radius=1)
        page.pen.rounded_rectangle(
            _int(12 * u, y + 4 * u, w - 12 * u, y + 11 * u), u, outline=(206, 212, 224)
        )
        page.text(14 * u, y + 5.6 * u, page.words(3), 3.2)
        y += 16 * u
    box = _int(12 * u, page.height - 30 * u, w - 12 * u, page.height - 19 * u)
    page.smooth(box, 2, _gradient(box[2] - box[0], box[3] - box[1], (70, 190, 120), (30, 150, 90)))
    page.text(w / 2 - 10 * u, page.height - 27 * u, "Send order", 4.4, (255, 255, 255))


def dashboard(page: _Page) -> None:
    page.image.paste((18, 22, 34), (0, 0, page.width, page.height))
    u, rnd = page.u, page.random
    across = 2 if page.width < page.height else 3
    wide, high = page.width / across, 44 * u
    for row in range(int(page.height / high) + 1):
        for column in range(across):
            box = _int(
                column * wide + 2 * u, row * high + 2 * u, (column + 1) * wide - u, (row + 1) * high - u
            )
            page.card(box, (28, 34, 52), radius=1.5, shadow=1)
            page.text(box[0] + 2 * u, box[1] + 2 * u, page.words(2).title(), 2.6, (210, 216, 232))
            page.text(box[0] + 2 * u, box[1] + 6 * u, f"{rnd.uniform(1, 900):.1f} k", 5, (255, 255, 255))
            left, right, low = box[0] + 2 * u, box[2] - 2 * u, box[3] - 3 * u
            level, points = 10.0, []
            for step in range(41):
                level = min(22, max(2, level + rnd.gauss(0, 2)))
                points.append((left + (right - left) * step / 40, low - level * u))
            hue = rnd.choice([(80, 200, 255), (255, 150, 80), (120, 230, 140), (230, 110, 220)])
            shade = _gradient(page.width, page.height, hue, (28, 34, 52))
            mask = Image.new("L", page.image.size, 0)
            ImageDraw.Draw(mask).polygon([(left, low), *points, (right, low)], fill=90)
            page.image.paste(shade, (0, 0), mask)
            page.pen.line(points, fill=hue, width=max(2, round(0.4 * u)), joint="curve")


def news(page: _Page) -> None:
    u, y = page.u, page.bar(14, (180, 20, 30), (255, 255, 255), "Evening News")
    middle = y + round(min(56 * u, page.height * 0.42))
    page.photo((0, y, page.width, middle))
    page.pen.rectangle((0, middle, page.width, page.height), fill=(255, 255, 255))
    page.text(4 * u, middle + 3 * u, "Rain ends after forty days", 6, (10, 10, 10))
    page.lines(_int(4 * u, middle + 13 * u, page.width - 4 * u, page.height - 2 * u), 3, (50, 50, 54))


def player(page: _Page) -> None:
    page.photo((0, 0, page.width, page.height))
    u, h = page.u, page.height
    shade = Image.new("L", (page.width, h), 0)
    shade.paste(
        _gradient(page.width, round(30 * u), (0, 0, 0), (200, 200, 200)).convert("L"), (0, h - round(30 * u))
    )
    page.image.paste((0, 0, 0), (0, 0), shade)
    page.pen.rounded_rectangle(
        _int(4 * u, h - 9 * u, page.width - 4 * u, h - 8 * u), 0.5 * u, fill=(120, 120, 120)
    )
    page.pen.rounded_rectangle(_int(4 * u, h - 9 * u, page.width * 0.4, h - 8 * u), 0.5 * u, fill=(255, 0, 0))
    page.text(4 * u, h - 15 * u, "12:07 / 31:40", 3, (255, 255, 255))
    page.text(4 * u, 4 * u, "How a lighthouse is painted", 4.4, (255, 255, 255))


def feed(page: _Page) -> None:
    u, y = page.u, float(page.bar(14, (255, 255, 255), (0, 0, 0), "Friends"))
    page.pen.rectangle(_int(0, y, page.width, page.height), fill=(240, 242, 245))
    wide = min(page.width, round(110 * u))
    left = (page.width - wide) // 2
    while y < page.height:
        box = _int(left, y + 2 * u, left + wide, y + 96 * u)
        page.pen.rectangle(box, fill=(255, 255, 255))
        page.photo(_int(left + 3 * u, y + 4 * u, left + 12 * u, y + 13 * u), radius=4.5)
        page.text(left + 15 * u, y + 5 * u, page.words(2).title(), 3.4, (5, 5, 5))
        page.text(left + 15 * u, y + 9.6 * u, "2 h", 2.4, (101, 103, 107))
        page.lines(_int(left + 3 * u, y + 16 * u, left + wide - 3 * u, y + 28 * u), 3.1, (5, 5, 5))
        page.photo(_int(left, y + 29 * u, left + wide, y + 88 * u))
        page.text(left + 4 * u, y + 90 * u, "Like    Comment    Share", 3, (101, 103, 107))
        y += 98 * u


def settings(page: _Page) -> None:
    u, y = page.u, float(page.bar(18, (242, 242, 247), (0, 0, 0), "Settings"))
    page.pen.rectangle(_int(0, y, page.width, page.height), fill=(242, 242, 247))
    while y < page.height - 12 * u:
        page.smooth(_int(4 * u, y + u, page.width - 4 * u, y + 11 * u), 2, (255, 255, 255))
        red, green, blue = (page.random.randrange(40, 230) for _ in range(3))
        hue, paler = (red, green, blue), ((red + 255) // 2, (green + 255) // 2, (blue + 255) // 2)
        page.smooth(
            _int(7 * u, y + 3 * u, 13 * u, y + 9 * u), 1.4, _gradient(round(6 * u), round(6 * u), paler, hue)
        )
        page.text(16 * u, y + 4 * u, page.words(2).title(), 3.4)
        on = page.random.random() < 0.5
        switch = _int(page.width - 18 * u, y + 3.4 * u, page.width - 8 * u, y + 8.8 * u)
        page.smooth(switch, 2.7, (52, 199, 89) if on else (230, 230, 234))
        y += 12 * u


def keyboard(page: _Page) -> None:
    page.image.paste((255, 255, 255), (0, 0, page.width, page.height))
    u, top = page.u, page.height - 0.4 * page.height
    page.lines(_int(5 * u, 8 * u, page.width - 5 * u, top - 4 * u), 4, (20, 20, 20))
    page.image.paste(
        _gradient(page.width, page.height - round(top), (214, 217, 224), (198, 202, 212)), (0, round(top))
    )
    wide, high = page.width / 10, (page.height - top) / 4
    for row, keys in enumerate(("qwertyuiop", "asdfghjkl", "zxcvbnm", "  , . ")):
        shift = (10 - len(keys)) / 2
        for column, key in enumerate(keys):
            x, y = (column + shift) * wide, top + row * high
            page.card(_int(x + 0.6 * u, y + u, x + wide - 0.6 * u, y + high - u), (255, 255, 255), radius=1.2)
            page.text(x + wide / 2 - u, y + high / 2 - 2.4 * u, key, 4.4)


def game(page: _Page) -> None:
    page.image.paste(_gradient(page.width, page.height, (60, 30, 110), (20, 10, 40)))
    side, rnd = round(11 * page.u), page.random
    for top in range(round(16 * page.u), page.height - side, side + 4):
        for left in range(8, page.width - side, side + 4):
            hue = rnd.choice([(240, 70, 70), (70, 200, 90), (70, 130, 250), (250, 210, 60), (190, 90, 230)])
            dark = (hue[0] // 2, hue[1] // 2, hue[2] // 2)
            page.smooth((left, top, left + side, top + side), 2.4, _gradient(side, side, hue, dark))
            page.smooth(
                _int(left + 2 * page.u, top + page.u, left + side - 2 * page.u, top + 3.4 * page.u),
                1.2,
                ((hue[0] + 510) // 3, (hue[1] + 510) // 3, (hue[2] + 510) // 3),
            )
    page.text(4 * page.u, 4 * page.u, "Level 27   48,210", 6, (255, 240, 200))


def ticket(page: _Page) -> None:
    page.image.paste((244, 240, 232), (0, 0, page.width, page.height))
    u = page.u
    page.card(
        _int(8 * u, 8 * u, page.width - 8 * u, page.height - 8 * u), (255, 255, 255), radius=3, shadow=1.5
    )
    cells, side = 41, round(60 * u / 41)
    left, top = round(page.width / 2 - 30 * u), round(16 * u)
    for row in range(cells):
        for column in range(cells):
            if page.random.random() < 0.5:
                x, y = left + column * side, top + row * side
                page.pen.rectangle((x, y, x + side - 1, y + side - 1), fill=(0, 0, 0))
    page.lines(_int(16 * u, 82 * u, page.width - 16 * u, page.height - 12 * u), 3.4, (40, 40, 44), gap=1.6)


def scan(page: _Page) -> None:
    """A page by a camera: grey words, uneven light, noise."""
    page.image.paste((250, 249, 246), (0, 0, page.width, page.height))
    page.text(10 * page.u, 8 * page.u, "Invoice 2026-1187", 6)
    page.lines(
        _int(10 * page.u, 20 * page.u, page.width - 10 * page.u, page.height - 8 * page.u), 2.4, (40, 40, 44)
    )
    samples = np.asarray(page.image.filter(ImageFilter.GaussianBlur(0.8)), float)
    noise = np.random.default_rng(page.random.randrange(99))
    light = (
        np.linspace(1.0, 0.82, page.width)[None, :, None] * np.linspace(0.94, 1.0, page.height)[:, None, None]
    )
    samples = samples * light + noise.normal(0, 2.2, samples.shape)
    page.image.paste(Image.fromarray(np.clip(np.round(samples), 0, 255).astype(np.uint8)))


def meme(page: _Page) -> None:
    page.photo((0, 0, page.width, page.height))
    for y, text in ((4, "WHEN THE TRAIN"), (86, "IS ON TIME")):
        font = _font(round(9 * page.u))
        x = (page.width - page.pen.textlength(text, font=font)) / 2
        page.pen.text(
            (x, y * page.height / 100),
            text,
            fill=(255, 255, 255),
            font=font,
            stroke_width=round(0.7 * page.u),
            stroke_fill=(0, 0, 0),
        )


def lock(page: _Page) -> None:
    page.image.paste(_cover(3, page.width, page.height).filter(ImageFilter.GaussianBlur(page.u * 2)))
    page.text(page.width / 2 - 24 * page.u, 16 * page.u, "09:41", 20, (255, 255, 255))
    y = page.height * 0.55
    while y < page.height - 20 * page.u:
        box = _int(5 * page.u, y, page.width - 5 * page.u, y + 17 * page.u)
        glass = Image.blend(
            page.image.crop(box), Image.new("RGB", (box[2] - box[0], box[3] - box[1]), "white"), 0.55
        )
        page.smooth(box, 3, glass)
        page.lines(
            _int(box[0] + 4 * page.u, box[1] + 3 * page.u, box[2] - 4 * page.u, box[3]), 3.1, (20, 20, 20)
        )
        y += 19 * page.u


def comic(page: _Page) -> None:
    page.image.paste((255, 255, 255), (0, 0, page.width, page.height))
    u, rnd = page.u, page.random
    for row in range(3):
        for column in range(2):
            box = _int(
                (column + 0.03) * page.width / 2,
                (row + 0.03) * page.height / 3,
                (column + 0.97) * page.width / 2,
                (row + 0.97) * page.height / 3,
            )
            page.pen.rectangle(box, fill=rnd.choice([(250, 220, 120), (150, 200, 240), (240, 160, 140)]))
            for x in range(box[0], box[2], round(1.4 * u)):
                page.pen.line(
                    (x, box[3], x + 10 * u, box[3] - 14 * u), fill=(60, 60, 60), width=max(1, round(0.2 * u))
                )
            page.pen.rectangle(box, outline=(0, 0, 0), width=round(0.8 * u))
            page.pen.ellipse(
                _int(box[0] + 3 * u, box[1] + 3 * u, box[2] - 5 * u, box[1] + 18 * u),
                fill=(255, 255, 255),
                outline=(0, 0, 0),
                width=round(0.4 * u),
            )
            page.lines(_int(box[0] + 8 * u, box[1] + 6 * u, box[2] - 12 * u, box[1] + 15 * u), 2.4, (0, 0, 0))


def shop(page: _Page) -> None:
    u, y = page.u, page.bar(14, (255, 255, 255), (0, 0, 0), "Chairs")
    page.pen.rectangle(_int(0, y, page.width, page.height), fill=(247, 247, 247))
    across = 2 if page.width < page.height else 5
    wide = page.width / across
    for row in range(int(page.height / (wide * 1.4)) + 1):
        for column in range(across):
            left, top = column * wide + 1.5 * u, y + row * wide * 1.4 + 1.5 * u
            page.card(
                _int(left, top, left + wide - 3 * u, top + wide * 1.4 - 3 * u),
                (255, 255, 255),
                radius=1.5,
                shadow=0.8,
            )
            page.photo(_int(left + u, top + u, left + wide - 4 * u, top + wide - 4 * u), radius=1)
            page.text(left + 2 * u, top + wide, page.words(2).title(), 2.4)
            page.text(
                left + 2 * u, top + wide + 4 * u, f"{page.random.uniform(9, 400):.2f}", 3, (200, 20, 20)
            )


def weather(page: _Page) -> None:
    page.image.paste(_gradient(page.width, page.height, (70, 130, 210), (190, 215, 240)))
    u = page.u
    page.text(page.width / 2 - 12 * u, 14 * u, "18", 22, (255, 255, 255))
    y = 46 * u
    while y < page.height - 14 * u:
        box = _int(5 * u, y, page.width - 5 * u, y + 11 * u)
        page.smooth(
            box,
            2.4,
            Image.blend(
                page.image.crop(box),
                Image.new("RGB", (box[2] - box[0], box[3] - box[1]), (30, 60, 120)),
                0.25,
            ),
        )
        page.text(9 * u, y + 3.4 * u, page.words(1).title(), 3.4, (255, 255, 255))
        bar = _int(page.width - 60 * u, y + 4.6 * u, page.width - 20 * u, y + 6.2 * u)
        page.smooth(
            bar, 0.8, _gradient(bar[2] - bar[0], bar[3] - bar[1], (90, 200, 250), (255, 180, 60), tilt=0)
        )
        page.text(page.width - 16 * u, y + 3.4 * u, f"{page.random.randrange(8, 30)}", 3.4, (255, 255, 255))
        y += 12.5 * u


KINDS: dict[str, Callable[[_Page], None]] = {
    "chat": chat,
    "window": window,
    "gallery": gallery,
    "map": map_,
    "terminal": terminal,
    "editor": editor,
    "sheet": sheet,
    "form": form,
    "dashboard": dashboard,
    "news": news,
    "player": player,
    "feed": feed,
    "settings": settings,
    "keyboard": keyboard,
    "game": game,
    "ticket": ticket,
    "scan": scan,
    "meme": meme,
    "lock": lock,
    "comic": comic,
    "shop": shop,
    "weather": weather,
}

_PHONE, _SMALL, _DESK = (1080, 2400), (750, 1334), (1920, 1080)

#: The set. Screens of phones come as PNG, or as JPEG where a messenger sent them before.
SCREENS: tuple[Screen, ...] = (
    *(
        Screen(kind, *_PHONE)
        for kind in (
            "chat",
            "map",
            "form",
            "news",
            "feed",
            "settings",
            "keyboard",
            "game",
            "ticket",
            "lock",
            "shop",
            "weather",
        )
    ),
    *(Screen(kind, *_SMALL) for kind in ("chat", "gallery", "dashboard", "player", "meme", "comic")),
    *(
        Screen(kind, *_DESK)
        for kind in (
            "window",
            "gallery",
            "map",
            "terminal",
            "editor",
            "sheet",
            "dashboard",
            "news",
            "player",
            "feed",
            "shop",
            "scan",
        )
    ),
    *(Screen(kind, *_PHONE, "JPEG") for kind in ("chat", "news", "settings", "meme")),
    *(Screen(kind, *_DESK, "JPEG") for kind in ("window", "editor", "comic", "scan")),
)


#: The set by name.
NAMED = {f"{one.kind}, {one.width} x {one.height}, {one.file}, made here": one for one in SCREENS}


def drawn(screen: Screen) -> Image.Image:
    """Draw a screenshot."""
    seed = 1 + SCREENS.index(screen) if screen in SCREENS else 0
    page = _Page(screen.width, screen.height, (255, 255, 255), seed)
    KINDS[screen.kind](page)
    return page.image


@cache
def made(screen: Screen) -> bytes:
    """Draw a screenshot and return its file."""
    file = io.BytesIO()
    drawn(screen).save(file, screen.file, **({"quality": 92} if screen.file == "JPEG" else {}))
    return file.getvalue()
