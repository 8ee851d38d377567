"""MiniLM's network as an ONNX graph whose weights stay where they are: in the safetensors file of their package.

The graph itself is a few kilobytes, so nothing is converted, cached or copied: the file's tensors become initialisers
by their place in it, and the kernel shares their pages between processes. One text at a time, never padded, so there is
no mask. Does not belong here: tokens, which file this is and running it (`providers.minilm`).
Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019; Reimers and Gurevych,
"Sentence-BERT", 2019 (mean pooling).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPSET = 20
HEADER_BYTES_MAX = 2**20
ELEMENT_BYTES = 4


@dataclass(frozen=True)
class Shape:
    """Sizes of the network: layers, attention heads, width of a token's vector, and the layer norm's epsilon."""

    layers: int = 6
    heads: int = 12
    width: int = 384
    epsilon: float = 1e-12


@dataclass(frozen=True)
class Tensor:
    """Where a tensor of 32-bit floats lies in the file: its shape, first byte and number of bytes."""

    shape: tuple[int, ...]
    offset: int
    length: int


def float_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of 32-bit floats in a safetensors file, by name.

    Raises `ValueError` when the header is none, or places a tensor outside the file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        header_bytes = int.from_bytes(stream.read(8), "little")
        if not 2 <= header_bytes <= min(HEADER_BYTES_MAX, size):
            raise ValueError(f"{file.name} is no safetensors file")
        header = json.loads(stream.read(header_bytes))
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        tensor = Tensor(tuple(entry["shape"]), 8 + header_bytes + start, end - start)
        elements = 1
        for side in tensor.shape:
            elements *= side
        if start < 0 or tensor.offset + tensor.length > size or tensor.length != elements * ELEMENT_BYTES:
            raise ValueError(f"{file.name} places {name} where it cannot be")
        found[name] = tensor
    return found


def graph(file: Path, shape: Shape) -> bytes:
    """The network over the weights in `file`, as a serialised ONNX model that must be loaded beside that file.

    Input `tokens`: int64 (tokens,). Output `vector`: float32 (width,), the L2-normalised mean of the last layer.
    Raises `KeyError` naming a tensor that the file lacks.
    """
    return _Builder(file.name, float_tensors(file), shape).model()


class _Builder:
    """Collects nodes; every method returns the name of the value it makes."""

    def __init__(self, location: str, tensors: dict[str, Tensor], shape: Shape) -> None:
        import onnx

        self._onnx = onnx
        self._location = location
        self._tensors = tensors
        self._shape = shape
        self._nodes: list[Any] = []
        self._initialisers: dict[str, Any] = {}

    def model(self) -> bytes:
        helper, types = self._onnx.helper, self._onnx.TensorProto
        hidden = self._embeddings()
        for layer in range(self._shape.layers):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean = self._node("ReduceMean", hidden, self._integers("over_tokens", [0]), keepdims=0)
        self._nodes.append(helper.make_node("LpNormalization", [mean], ["vector"], axis=-1, p=2))
        whole = helper.make_graph(
            self._nodes,
            "minilm",
            [helper.make_tensor_value_info("tokens", types.INT64, ["count"])],
            [helper.make_tensor_value_info("vector", types.FLOAT, [self._shape.width])],
            list(self._initialisers.values()),
        )
        model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        serialised: bytes = model.SerializeToString()
        return serialised

    def _embeddings(self) -> str:
        """Word, place and segment vectors added: (tokens, width). All tokens are of the first segment."""
        words = self._node("Gather", self._weight("embeddings.word_embeddings.weight"), "tokens")
        count = self._node("Shape", "tokens")
        places = self._node(
            "Slice", self._weight("embeddings.position_embeddings.weight"), self._integers("start", [0]), count
        )
        segment = self._node(
            "Gather", self._weight("embeddings.token_type_embeddings.weight"), self._integers("first", [0])
        )
        added = self._node("Add", self._node("Add", words, places), segment)
        return self._norm(added, "embeddings.LayerNorm")

    def _layer(self, hidden: str, name: str) -> str:
        attention = self._attention(hidden, f"{name}.attention")
        inner = self._node("Gelu", self._dense(attention, f"{name}.intermediate.dense"))
        outer = self._dense(inner, f"{name}.output.dense")
        return self._norm(self._node("Add", outer, attention), f"{name}.output.LayerNorm")

    def _attention(self, hidden: str, name: str) -> str:
        shape = self._shape
        heads = self._integers("heads", [-1, shape.heads, shape.width // shape.heads])
        parts = [self._dense(hidden, f"{name}.self.{part}") for part in ("query", "key", "value")]
        query, key, value = (
            self._node("Transpose", self._node("Reshape", part, heads), perm=order)
            for part, order in zip(parts, ([1, 0, 2], [1, 2, 0], [1, 0, 2]), strict=True)
        )
        scale = self._number("scale", (shape.width // shape.heads) ** -0.5)
        weights = self._node("Softmax", self._node("Mul", self._node("MatMul", query, key), scale), axis=-1)
        seen = self._node("Transpose", self._node("MatMul", weights, value), perm=[1, 0, 2])
        flat = self._node("Reshape", seen, self._integers("flat", [-1, shape.width]))
        added = self._node("Add", self._dense(flat, f"{name}.output.dense"), hidden)
        return self._norm(added, f"{name}.output.LayerNorm")

    def _dense(self, value: str, name: str) -> str:
        return self._node("Gemm", value, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"), transB=1)

    def _norm(self, value: str, name: str) -> str:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._node("LayerNormalization", value, weight, bias, axis=-1, epsilon=self._shape.epsilon)

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _weight(self, name: str) -> str:
        if name not in self._initialisers:
            tensor = self._tensors[name]
            proto = self._onnx.TensorProto(name=name, data_type=self._onnx.TensorProto.FLOAT, dims=tensor.shape)
            proto.data_location = self._onnx.TensorProto.EXTERNAL
            for key, text in (("location", self._location), ("offset", tensor.offset), ("length", tensor.length)):
                proto.external_data.add(key=key, value=str(text))
            self._initialisers[name] = proto
        return name

    def _integers(self, name: str, values: Sequence[int]) -> str:
        types = self._onnx.TensorProto
        self._initialisers[name] = self._onnx.helper.make_tensor(name, types.INT64, [len(values)], values)
        return name

    def _number(self, name: str, value: float) -> str:
        self._initialisers[name] = self._onnx.helper.make_tensor(name, self._onnx.TensorProto.FLOAT, [], [value])
        return name
