"""Make labelled documents: `python -m training.documents --type T --seed N --num 200 --out DIR`.

`DIR` gets `NAME.jpg` and `NAME.json` as `docchu templates test` wants them. `--read` adds what the
shipped reader reads on each (`NAME.result.json`), so that no service is needed.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from training.documents.cards import bank_slip, identity_card, passport
from training.documents.invoices import receipt, vat_invoice
from training.documents.official import official_document
from training.documents.sheet import Made
from training.documents.worn import Wear

TYPES: dict[str, Callable[[random.Random], Made]] = {
    "official_document": official_document,
    "vat_invoice": vat_invoice,
    "receipt": receipt,
    "identity_card": identity_card,
    "passport": passport,
    "bank_slip": bank_slip,
}


def main() -> None:
    """Make the documents of one type."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type", required=True, choices=sorted(TYPES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--read", action="store_true", help="read them, too")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.num):
        # Each document has a generator of its own: a part of a set is the same as in the whole.
        rng = random.Random(f"{arguments.type} {arguments.seed} {number}")
        made = TYPES[arguments.type](rng)
        name = arguments.out / f"{arguments.type}-{arguments.seed}-{number:04d}"
        picture = Wear(rng).worn(np.asarray(made.picture))
        cv2.imwrite(str(name.with_suffix(".jpg")), picture[:, :, ::-1])
        label = {"type": arguments.type, "fields": made.fields, "items": made.items}
        text = json.dumps(label, ensure_ascii=False, indent=1)
        name.with_suffix(".json").write_text(text, "utf-8")
    if arguments.read:
        read_all(arguments.out)


def read_all(folder: Path) -> None:
    """Read what was not read yet."""
    from training.evaluate_pages import picture_of
    from worker.ocr.reader import Reader

    reader = Reader.load(None)
    for path in sorted(folder.glob("*.jpg")):
        kept = path.with_suffix(".result.json")
        if not kept.exists():
            page = reader.read(picture_of(path)).page
            kept.write_text(f'{{"pages": [{page.model_dump_json()}]}}', "utf-8")


if __name__ == "__main__":
    main()
