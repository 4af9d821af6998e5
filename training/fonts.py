"""Collect the faces that can write Vietnamese: `python -m training.fonts` makes `training/fonts/`.

Debian's packages are looked up with `fc-list`; the web fonts come from npm's `@fontsource/*`, whose
latin, latin-ext and vietnamese subsets are merged into one TTF a face.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import re
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from training.lines.stacked import SQUEEZED, VARIANTS, WAVY, stack
from worker.ocr.recognition.charset import CHARACTERS, LETTERS

FOLDER = Path(__file__).parent / "fonts"
INDEX = FOLDER / "faces.json"

OFFICE = (
    "Tinos", "Tinos Stacked", "Arimo", "Arimo Stacked", "Carlito", "Carlito Stacked", "DejaVu Sans",
    "DejaVu Serif", "Noto Sans", "Noto Serif", "FreeSerif Stacked", "Tinos Squeezed",
)  # fmt: skip
"""Families with the looks of what offices print in: Times, Arial, Calibri and the free defaults.

Debian's Liberation has the same outlines as Tinos and Arimo but no Vietnamese.
"""
_RESTACKED = ("Tinos", "Arimo", "Carlito", "FreeSerif", "Charis SIL")
_SQUEEZED = ("Tinos", "FreeSerif", "Charis SIL")
_WAVY = ("Roboto Mono", "Inconsolata", "Arimo", "Roboto Condensed", "Cousine")

FONTSOURCE = (
    "alfa-slab-one", "amatic-sc", "anton", "archivo-narrow", "arimo", "asap-condensed",
    "bai-jamjuree", "barlow", "barlow-condensed", "be-vietnam-pro", "big-shoulders-display",
    "birthstone", "bungee", "chakra-petch", "chivo-mono", "coiny", "cormorant-garamond", "cousine",
    "crimson-pro", "dancing-script", "delicious-handrawn", "encode-sans-condensed", "ephesis",
    "fira-sans-condensed", "gelasio", "grandstander", "ibm-plex-mono", "ibm-plex-sans",
    "inconsolata", "itim", "jura", "kanit", "lemonada", "literata", "lobster", "lora", "mali",
    "merriweather", "montserrat", "noto-serif", "nunito", "old-standard-tt", "oooh-baby", "oswald",
    "pacifico", "pangolin", "patrick-hand", "paytone-one", "philosopher", "playfair-display",
    "playpen-sans", "prompt", "roboto-condensed", "roboto-mono", "saira-condensed",
    "saira-extra-condensed", "sedgwick-ave", "shantell-sans", "sigmar-one", "source-code-pro",
    "source-serif-4", "space-mono", "spectral", "sriracha", "tinos", "vt323", "xanh-mono",
    "yeseva-one",
)  # fmt: skip
_SUBSETS = ("latin", "latin-ext", "vietnamese")
_STYLES = ("400-normal", "700-normal", "400-italic", "700-italic", "500-normal")
_FOREIGN = re.compile(r"^Noto (Sans|Serif|Kufi|Naskh|Nastaliq|Rashi|Music|Looped)\b")
"""Noto's other scripts repeat the Latin of Noto Sans and Noto Serif, so they would weigh double."""
_NOTO = ("Noto Sans", "Noto Sans Display", "Noto Sans Mono", "Noto Serif", "Noto Serif Display")
_WEIGHT = re.compile(r" (Thin|ExtraLight|Light|Medium|SemiBold|Condensed Condensed|\d+pt)$")
_ALIKE = {"GentiumAlt": "Gentium", "Inter Display": "Inter", "Noto Sans Display": "Noto Sans"}
"""Families whose letters are another's: they fall on the same side of the split."""
_HELD_OUT_OF = 4
"""One family in four, by the hash of its name, is seen in tests only."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Face:
    """One face of a family, and which of the recogniser's characters it lacks."""

    path: str
    index: int
    family: str
    style: str
    office: bool
    held_out: bool
    missing: str


def main() -> None:
    """Fetch, merge and check the faces, then write the index that the renderer reads."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-npm", action="store_true", help="use Debian's fonts only")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    fetched = [] if arguments.no_npm else merge_fontsource(fetch_fontsource())
    faces = [face for path in [*installed(), *fetched] for face in inspect(path)]
    faces += [face for path in restack(faces) for face in inspect(path)]
    INDEX.write_text(json.dumps([asdict(face) for face in faces], ensure_ascii=False, indent=1))
    families = {face.family for face in faces}
    unseen = {face.family for face in faces if face.held_out}
    _log.info(
        "%d faces of %d families; for tests only: %s", len(faces), len(families), sorted(unseen)
    )


def load(held_out: bool) -> list[Face]:
    """Read the index: the faces for testing, or those for training."""
    faces = [Face(**row) for row in json.loads(INDEX.read_text())]
    # Packed faces lie beside their index.
    return [
        replace(face, path=str(FOLDER / face.path)) for face in faces if face.held_out == held_out
    ]


def is_held_out(family: str) -> bool:
    """Whether a family is kept for tests; never one of the office families."""
    plain = re.sub(" (Stacked|Squeezed|Wavy)$", "", family)
    digest = hashlib.sha256(plain.encode()).digest()
    return plain not in OFFICE and digest[0] % _HELD_OUT_OF == 0


def installed() -> list[Path]:
    """Font files that fontconfig knows, bitmap fonts left out."""
    listed = subprocess.run(
        ["fc-list", "--format", "%{file}\n"], check=True, capture_output=True, text=True
    )
    files = {Path(line) for line in listed.stdout.splitlines()}
    return sorted(path for path in files if path.suffix in {".ttf", ".otf", ".ttc"})


def fetch_fontsource() -> Path:
    """Let npm fetch the packages; returns the folder that holds one folder a family."""
    packages = [f"@fontsource/{name}" for name in FONTSOURCE]
    (FOLDER / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
    return FOLDER / "node_modules" / "@fontsource"


def merge_fontsource(packages: Path) -> list[Path]:
    """Merge the subsets of each face into `training/fonts/<family>-<style>.ttf`."""
    merged = []
    for name in FONTSOURCE:
        for style in _STYLES:
            parts = [
                packages / name / "files" / f"{name}-{part}-{style}.woff2" for part in _SUBSETS
            ]
            target = FOLDER / f"{name}-{style}.ttf"
            parts = [part for part in parts if part.exists()]
            if target.exists() or (parts and _merge(parts, target)):
                merged.append(target)
    return merged


def _merge(parts: list[Path], target: Path) -> bool:
    plain = []
    for number, part in enumerate(parts):
        font = TTFont(part)
        font.flavor = None
        for table in ("GSUB", "GPOS", "GDEF", "DSIG", "STAT", "meta"):
            if table in font:
                del font[table]
        plain.append(target.with_suffix(f".part{number}"))
        font.save(plain[-1])
    try:
        Merger(options=Options(drop_tables=["vmtx", "vhea"])).merge([str(p) for p in plain]).save(
            target
        )
    except (AssertionError, KeyError, NotImplementedError, TTLibError, AttributeError) as error:
        _log.warning("%s cannot be merged and is left out: %r", target.name, error)
        return False
    finally:
        for path in plain:
            path.unlink()
    return True


def restack(faces: list[Face]) -> list[Path]:
    """Write faces again with stacked tones, Tinos in all ways, and till faces with wavy hooks."""
    written = []
    for face in faces:
        ways = VARIANTS if face.family == "Tinos" else VARIANTS[:1]
        named = [(f"stacked{number}", way) for number, way in enumerate(ways)]
        wanted = named if face.family in _RESTACKED else []
        if face.family in _SQUEEZED:
            wanted += [(f"squeezed{number}", way) for number, way in enumerate(SQUEEZED)]
        if face.family in _WAVY and "Italic" not in face.style:
            wanted = [*wanted, ("wavy", WAVY)]
        for suffix, way in wanted:
            target = FOLDER / f"{Path(face.path).stem}-{suffix}.ttf"
            if stack(Path(face.path), target, way):
                written.append(target)
            else:
                _log.warning("%s has no marks to stack and is left out", face.path)
    return written


def inspect(path: Path) -> list[Face]:
    """The faces in a file that have every Vietnamese letter in both cases."""
    faces = []
    for index, font in enumerate(_open(path)):
        covered = font.getBestCmap() or {}
        missing = "".join(char for char in CHARACTERS if ord(char) not in covered)
        family = _family(_name(font, 16) or _name(font, 1))
        style = _name(font, 17) or _name(font, 2)
        font.close()
        foreign = "Math" in family or (bool(_FOREIGN.match(family)) and family not in _NOTO)
        if foreign or set(missing) & set(LETTERS + LETTERS.upper()):
            continue
        office = family in OFFICE
        faces.append(Face(str(path), index, family, style, office, is_held_out(family), missing))
    return faces


def _family(name: str) -> str:
    while _WEIGHT.search(name):
        name = _WEIGHT.sub("", name)
    return _ALIKE.get(name, name)


def _open(path: Path) -> list[TTFont]:
    try:
        return list(TTCollection(path)) if path.suffix == ".ttc" else [TTFont(path)]
    except TTLibError as error:
        _log.warning("%s cannot be read and is left out: %s", path.name, error)
        return []


def _name(font: TTFont, number: int) -> str:
    return font["name"].getDebugName(number) or ""


if __name__ == "__main__":
    main()
