"""What a competent user would write instead: one script, one photo after the other, the same libraries.

`python -m bench.baseline FOLDER OUT` runs it with the libraries' defaults, with `--tuned` it takes over our settings
(scaled JPEG decoding, hashes from the small picture, the detectors' limits, no line classifier, one thread, one line at
a time, faces looked for in small pictures enlarged and a second time where none was found). Prints one JSON line. It
leaves out what such a script leaves out: gates, provenance, crash safety, undo.
Text and look-alike vectors come from our own providers: there is no library whose weights come in a package.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from darkroom.inference.weights import packaged
from darkroom.sdk.tasks import Image

ROWS_PER_INSERT = 100
VECTORS = ("look", "meaning")
FindFaces = Callable[[Image], list[list[float]]]
"""Descriptors of the faces in a picture."""
FACE_NETWORKS = ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat")
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

        from darkroom.inference.providers.look import Look
        from darkroom.inference.providers.minilm import MiniLm

        register_heif_opener()
        out.mkdir(parents=True)
        self.out = out
        self.tuned = tuned
        self.read = RapidOCR(params=TUNED_READER if tuned else {"Global.log_level": "critical"})
        self.find = _our_faces() if tuned else _faces()
        self.look, self.meaning = Look(), MiniLm()
        self.look.load()
        self.meaning.load()
        self.database = duckdb.connect(str(out / "photos.duckdb"))
        self.database.execute(
            "CREATE TABLE photos (sha256 VARCHAR, path VARCHAR, width INT, height INT, taken VARCHAR, make VARCHAR,"
            " model VARCHAR, phash VARCHAR, dhash VARCHAR, text VARCHAR, faces DOUBLE[][])"
        )
        self.index = lancedb.connect(str(out / "index"))
        self.rows: list[dict[str, Any]] = []
        self.photos = self.failed = self.lines = self.faces = 0
        self.reading_seconds = 0.0

    def take(self, path: Path) -> None:
        """Processes one photo."""
        import imagehash
        import numpy as np
        from PIL import Image as Pillow
        from PIL import ImageOps

        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        image: Pillow.Image = Pillow.open(io.BytesIO(data))
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
        pixels = np.asarray(display)
        read = self.read(np.ascontiguousarray(pixels[:, :, ::-1]))
        self.reading_seconds += time.perf_counter() - started
        faces = self.find(pixels)
        self.faces += len(faces)
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
                "faces": faces,
                "look": self.look.embed([pixels])[0].tolist(),
                "meaning": self.meaning.embed([" ".join([path.name, *lines])])[0].tolist(),
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
            "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [[value for name, value in row.items() if name not in VECTORS] for row in self.rows],
        )
        documents = [{name: row[name] for name in ("sha256", "text", *VECTORS)} for row in self.rows]
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


def _faces() -> FindFaces:
    """dlib's detector and networks as dlib calls them unless told otherwise: the picture as it is, looked at once."""
    import dlib

    landmarks, descriptor = packaged("face_recognition_models", *(f"models/{name}" for name in FACE_NETWORKS))
    find: Any = dlib.get_frontal_face_detector()
    straighten: Any = dlib.shape_predictor(str(landmarks))
    describe: Any = dlib.face_recognition_model_v1(str(descriptor))

    def descriptors(pixels: Image) -> list[list[float]]:
        return [list(describe.compute_face_descriptor(pixels, straighten(pixels, box))) for box in find(pixels)]

    return descriptors


def _our_faces() -> FindFaces:
    """The same library with our settings, by our provider: it scales, greys, and looks twice for tight faces."""
    from darkroom.inference.providers.dlib_faces import DlibFaces

    finder = DlibFaces()
    finder.load()
    return lambda pixels: [list(face.descriptor) for face in finder.find([pixels])[0]]


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
        "faces": script.faces,
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
