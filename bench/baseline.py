"""What a competent user would write instead: one script, one photo after the other, the same libraries.

`python -m bench.baseline FOLDER OUT` runs it with the libraries' defaults, with `--tuned` it takes over our settings
(scaled JPEG decoding, hashes from the small picture, the detector's limit, no line classifier, one thread, one line at
a time). Prints one JSON line. It leaves out what such a script leaves out: gates, provenance, crash safety, undo.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import time
from pathlib import Path
from typing import Any

ROWS_PER_INSERT = 100
TUNED_READER = {
    "Global.use_cls": False,
    "Global.log_level": "critical",
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
}


class Script:
    """The script's state: the reader, the database, the index, and rows not yet written."""

    def __init__(self, out: Path, *, tuned: bool) -> None:
        import duckdb
        import lancedb
        from pi_heif import register_heif_opener
        from rapidocr import RapidOCR

        register_heif_opener()
        out.mkdir(parents=True)
        self.out = out
        self.tuned = tuned
        self.read = RapidOCR(params=TUNED_READER if tuned else {"Global.log_level": "critical"})
        self.database = duckdb.connect(str(out / "photos.duckdb"))
        self.database.execute(
            "CREATE TABLE photos (sha256 VARCHAR, path VARCHAR, width INT, height INT, taken VARCHAR, make VARCHAR,"
            " model VARCHAR, phash VARCHAR, dhash VARCHAR, text VARCHAR)"
        )
        self.index = lancedb.connect(str(out / "index"))
        self.rows: list[dict[str, Any]] = []
        self.photos = self.failed = self.lines = 0
        self.reading_seconds = 0.0

    def take(self, path: Path) -> None:
        """Processes one photo."""
        import imagehash
        import numpy as np
        from PIL import Image, ImageOps

        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        image: Image.Image = Image.open(io.BytesIO(data))
        exif = image.getexif()
        width, height = image.size
        if self.tuned:
            image.draft("RGB", (2048, 2048))
        image = ImageOps.exif_transpose(image).convert("RGB")
        display = image.copy()
        display.thumbnail((2048, 2048))
        display.save(self.out / f"{digest}_display.jpg", quality=85)
        small = (display if self.tuned else image).copy()
        small.thumbnail((256, 256))
        small.save(self.out / f"{digest}_thumbnail.jpg", quality=85)
        hashed = small if self.tuned else image
        started = time.perf_counter()
        read = self.read(np.ascontiguousarray(np.asarray(display)[:, :, ::-1]))
        self.reading_seconds += time.perf_counter() - started
        lines = getattr(read, "txts", None) or ()
        self.lines += len(lines)
        self.rows.append(
            {
                "sha256": digest,
                "path": str(path),
                "width": width,
                "height": height,
                "taken": str(exif.get_ifd(0x8769).get(0x9003, exif.get(0x0132, ""))),
                "make": str(exif.get(0x010F, "")),
                "model": str(exif.get(0x0110, "")),
                "phash": str(imagehash.phash(hashed)),
                "dhash": str(imagehash.dhash(hashed)),
                "text": "\n".join(lines),
            }
        )
        self.photos += 1
        if len(self.rows) >= ROWS_PER_INSERT:
            self.write()

    def write(self) -> None:
        """Inserts the rows into the database and the index."""
        if not self.rows:
            return
        self.database.executemany(
            "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [list(row.values()) for row in self.rows]
        )
        documents = [{"sha256": row["sha256"], "text": row["text"]} for row in self.rows]
        if "photos" in self.index.list_tables().tables:
            self.index.open_table("photos").add(documents)
        else:
            self.index.create_table("photos", documents)
        self.rows = []

    def finish(self) -> None:
        """Writes the rest and indexes the words."""
        from lancedb.index import FTS

        self.write()
        if self.photos:
            self.index.open_table("photos").create_index("text", config=FTS())
        self.database.close()


def run(folder: Path, out: Path, *, tuned: bool) -> dict[str, Any]:
    """Takes in every file of a folder; what cannot be opened is counted and left."""
    started = time.perf_counter()
    script = Script(out, tuned=tuned)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            script.take(path)
        except Exception:  # noqa: BLE001 - such a script shrugs at whatever a file does to it
            script.failed += 1
    script.finish()
    seconds = time.perf_counter() - started
    return {
        "photos": script.photos,
        "failed": script.failed,
        "lines": script.lines,
        "seconds": seconds,
        "cpu_seconds": time.process_time(),
        "reading_seconds": script.reading_seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tuned", action="store_true")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.folder, arguments.out, tuned=arguments.tuned)))


if __name__ == "__main__":
    main()
