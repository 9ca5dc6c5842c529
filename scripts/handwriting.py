"""Handwriting of another source as PNG files, for `deepfunctor evaluate --handwriting DIR`.

The digits are those that scikit-learn ships: the test half of the UCI set "Optical Recognition of Handwritten Digits"
(E. Alpaydin, C. Kaynak, 1998; 1,797 digits of 13 people, 8 x 8 cells of 17 greys). Each is enlarged by a filter drawn at
random to a size drawn at random, with margins, paper and ink of its own, dark on light or light on dark.

    python scripts/handwriting.py DIR     needs scikit-learn and pillow; writes DIR/validation and DIR/test

Recipes are chosen by the first half of the digits, validation; the report is about the second, test. The digits are in the
order in which people wrote them, so that the halves have people of their own.
"""

import random
import sys
from pathlib import Path

import numpy
from PIL import Image
from sklearn.datasets import load_digits

FILTERS = [Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]


def picture(cells: numpy.ndarray, rng: random.Random) -> Image.Image:
    """One digit of 8 x 8 cells, 0 ... 16, as a grey picture."""
    ink = Image.fromarray((cells * (255 / 16)).round().astype(numpy.uint8), "L")
    side = rng.choice([8, 16, 20, 28, 32, 48, 64, 100, 150, 240, 400])
    ink = ink.resize((side, side), rng.choice(FILTERS))
    left, top, right, bottom = (round(side * rng.uniform(0.05, 1.0)) for _ in range(4))
    page = numpy.zeros((side + top + bottom, side + left + right))
    page[top : top + side, left : left + side] = numpy.asarray(ink) / 255
    paper, pen = rng.uniform(0.8, 1), rng.uniform(0, 0.3)
    values = paper + (pen - paper) * page
    if rng.random() < 0.4:
        values = 1 - values
    return Image.fromarray((values * 255).round().clip(0, 255).astype(numpy.uint8), "L")


def main(folder: Path) -> None:
    digits = load_digits()
    half = len(digits.target) // 2
    for part in ("validation", "test"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for i, (cells, label) in enumerate(zip(digits.images, digits.target)):
        part = "validation" if i < half else "test"
        picture(cells, random.Random(i)).save(folder / part / f"{label}-{i:04}.png")
    print(f"{len(digits.target)} pictures in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
