"""Embedding chunks and questions: the product's way beside sentence-transformers' default and ONNX Runtime.

All use the same weights on the same number of threads and take turns in one run. Chunks are made of the sample
documents and of text files given with `--text`, cut by the product's splitter; sentence-transformers gets them as
`SentenceTransformer(folder).encode(texts)`. Prints chunks a second, the ratio to that default and how far the vectors
are from it: the mean and the least cosine.

    python -m benchmarks.embedding [--embedder FOLDER] [--text FILE.jsonl.xz] [--chunks 512]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.rivals import to_int8
from ingest.documents import LoadedDocument
from ingest.embedding.embedder import SHIPPED, LocalEmbedder
from ingest.resources import shipped
from ingest.splitting.splitter import SplitterSettings, split
from model.json_lines import read_lines

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
DEFAULT = "sentence-transformers, as it comes"
BATCH = 32


def chunks(files: Sequence[Path], count: int) -> list[str]:
    """Chunk texts as the product would embed them, no two alike."""
    texts = [p.read_text(encoding="utf-8") for p in sorted(shipped("samples").glob("*.md"))]
    texts += [row["text"] for file in files for row, _ in zip(read_lines(file), range(count), strict=False)]
    found: dict[str, None] = {}
    for text in texts:
        pieces = split(LoadedDocument(text, "text/plain", ""), SplitterSettings())
        found.update(dict.fromkeys(c.text for c in pieces[:8]))
    return list(found)[:count]


def onnx_runtime(model: Any, folder: Path, *, int8: bool) -> Embed:
    """The transformer as an ONNX graph; tokenizing and pooling as sentence-transformers does them."""
    import onnxruntime

    bert, tokenizer = model[0].auto_model, model.tokenizer

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask[..., None].float()
            return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=1)

    example = tokenizer(["one", "two and three"], return_tensors="pt", padding=True)
    file = folder / "model.onnx"
    if not file.exists():
        axes = {"ids": {0: "b", 1: "l"}, "mask": {0: "b", 1: "l"}, "vectors": {0: "b"}}
        with torch.inference_mode():
            torch.onnx.export(
                Pooled(),
                (example["input_ids"], example["attention_mask"]),
                file,
                dynamo=False,
                opset_version=17,
                input_names=["ids", "mask"],
                output_names=["vectors"],
                dynamic_axes=axes,
            )
    if int8:
        to_int8(file, folder / "int8.onnx")
        file = folder / "int8.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def embed(texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.empty((len(texts), model.get_embedding_dimension()), dtype=np.float32)
        for i in range(0, len(order), BATCH):
            part = order[i : i + BATCH]
            fed = tokenizer([texts[j] for j in part], return_tensors="np", padding=True, truncation=True)
            out[part] = session.run(None, {"ids": fed["input_ids"], "mask": fed["attention_mask"]})[0]
        return out

    return embed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", help="folder or name; default: the product's")
    parser.add_argument("--text", type=Path, action="append", default=[])
    parser.add_argument("--chunks", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from sentence_transformers import SentenceTransformer

    ours = LocalEmbedder(options.embedder or SHIPPED)
    texts = chunks(options.text, options.chunks)
    model = SentenceTransformer(str(ours.folder), device="cpu", local_files_only=True)
    works: dict[str, Embed] = {
        DEFAULT: lambda t: model.encode(list(t), normalize_embeddings=True, show_progress_bar=False),
        "this product": ours.embed_documents,
    }
    with tempfile.TemporaryDirectory() as folder:
        if find_spec("onnxruntime") and find_spec("onnx"):
            works["ONNX Runtime, float32"] = onnx_runtime(model, Path(folder), int8=False)
            works["ONNX Runtime, int8"] = onnx_runtime(model, Path(folder), int8=True)
        times: dict[str, list[float]] = {name: [] for name in works}
        vectors: dict[str, Vectors] = {}
        for i in range(options.rounds + 1):
            for name, work in works.items():
                started = time.perf_counter()
                vectors[name] = work(texts)
                if i:
                    times[name].append(time.perf_counter() - started)
        asked: dict[str, list[float]] = {DEFAULT: [], "this product": []}
        for n in range(40):
            for name, work in ((DEFAULT, works[DEFAULT]), ("this product", lambda t: ours.embed_query(t[0])[None])):
                started = time.perf_counter()
                work([f"How long is the warranty of machine {n}?"])
                asked[name].append(1000 * (time.perf_counter() - started))
    print(
        f"{len(texts)} chunks of {statistics.mean(map(len, texts)):.0f} characters, {torch.get_num_threads()} threads\n"
    )
    print("| | chunks a second | ratio | cosine, mean | least | one question, ms |\n|---|---|---|---|---|---|")
    base = statistics.median(times[DEFAULT])
    for name, seconds in times.items():
        cosine = (vectors[name] * vectors[DEFAULT]).sum(1)
        took = statistics.median(seconds)
        one = f"{statistics.median(asked[name]):.1f}" if name in asked else ""
        rate, like = f"{len(texts) / took:.0f} | {base / took:.2f}", f"{cosine.mean():.5f} | {cosine.min():.5f}"
        print(f"| {name} | {rate} | {like} | {one} |")


if __name__ == "__main__":
    main()
