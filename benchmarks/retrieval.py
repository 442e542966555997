"""Finding the right passage: this product beside the LangChain quick start, over the same documents and questions.

The quick start is what everybody copies: `RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)`,
all-MiniLM-L6-v2 as sentence-transformers runs it, `Chroma.from_documents`, `similarity_search`. Each program runs in a
process of its own, one after the other, on the same number of threads. A document's rank is that of its best chunk.

Prints nDCG@10, recall@10, documents a second while indexing, median milliseconds of a question (embedding it
included), those of processor time, which other load on the machine does not move, and the peak memory of the process.

    python -m benchmarks.retrieval FOLDER… [--questions FILE…] [--limit 300]

FOLDER has BEIR's layout; FILE holds questions with their passages.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from model.convert.import_bert import minilm_folder
from rag_app.collection import build_embedder
from rag_app.evaluation.retrieval import metrics
from rag_app.evaluation.retrieval_sets import Collection, read_beir_folder, read_question_files
from rag_app.evaluation.temporary_library import temporary_library
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings

OURS, THEIRS = "this product", "LangChain quick start"
DEPTH = 10  # documents judged
CHUNKS = 3  # fetched for one document wanted: several of a document's may be among the best

Rank = Callable[[str], list[str]]  # question -> document ids, best first


def judge(collection: Collection, rank: Rank, limit: int, seconds: float) -> dict[str, float]:
    """Figures of one program over one collection that took it `seconds` to index."""
    rows, took, busy = [], [], []
    for asked in collection.query_sets:
        for query, text in list(asked.queries.items())[:limit]:
            started, worked = time.perf_counter(), time.process_time()
            ranking = rank(text)
            took.append(1000 * (time.perf_counter() - started))
            busy.append(1000 * (time.process_time() - worked))
            rows.append(metrics(ranking[:DEPTH], asked.judged[query]))
    return {
        "ndcg": statistics.mean(r["ndcg_at_10"] for r in rows),
        "recall": statistics.mean(r["recall_at_10"] for r in rows),
        "documents_a_second": len(collection.documents) / seconds,
        "p50_ms": statistics.median(took),
        "cpu_ms": statistics.median(busy),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def ours(collection: Collection, limit: int) -> dict[str, float]:
    """The product with its defaults."""
    embedder = build_embedder(Settings())
    embedder.embed_query("warm up")
    started = time.perf_counter()
    with temporary_library(collection.documents, embedder, quiet=True) as library:
        seconds = time.perf_counter() - started
        retriever = LibraryRetriever(library=library)
        source = {d.document_id: d.source for d in library.documents()}

        def rank(question: str) -> list[str]:
            hits = retriever.search(question, DEPTH * CHUNKS)
            return list(dict.fromkeys(source[chunk.rsplit("-", 1)[0]] for chunk, _ in hits))

        return judge(collection, rank, limit, seconds)


def quick_start(collection: Collection, limit: int) -> dict[str, float]:
    """What the tutorials show."""
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from benchmarks.langchain_quick_start import SentenceTransformerEmbeddings

    embeddings = SentenceTransformerEmbeddings(minilm_folder())
    embeddings.embed_query("warm up")
    started = time.perf_counter()
    documents = [
        Document(f"{title}\n{text}".strip() or " ", metadata={"source": i})
        for i, (title, text) in collection.documents.items()
    ]
    chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    with tempfile.TemporaryDirectory() as folder:
        store = Chroma.from_documents(chunks[:5000], embeddings, persist_directory=folder)
        for i in range(5000, len(chunks), 5000):  # Chroma takes no more at once
            store.add_documents(chunks[i : i + 5000])
        seconds = time.perf_counter() - started

        def rank(question: str) -> list[str]:
            found = store.similarity_search(question, k=DEPTH * CHUNKS)
            return list(dict.fromkeys(d.metadata["source"] for d in found))

        return judge(collection, rank, limit, seconds)


def main() -> None:
    """Run both programs on each collection and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--questions", type=Path, nargs="*", default=[])
    parser.add_argument("--limit", type=int, default=300, help="questions of each set")
    parser.add_argument("--program", choices=(OURS, THEIRS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    wanted = [*options.folders, *options.questions]
    if options.program:
        path = wanted[0]
        collection = read_beir_folder(path) if path.is_dir() else read_question_files([path])
        print(json.dumps((ours if options.program == OURS else quick_start)(collection, options.limit)))
        return
    print("| | | nDCG@10 | recall@10 | documents/s | question, ms | of processor time | memory, MB |")
    print("|---|---|---|---|---|---|---|---|")
    for path in wanted:
        for program in (OURS, THEIRS):
            command = [sys.executable, "-m", "benchmarks.retrieval", str(path), "--limit", str(options.limit)]
            done = subprocess.run([*command, "--program", program], check=True, capture_output=True, text=True)
            f = json.loads(done.stdout.splitlines()[-1])
            name = path.name.removesuffix(".xz").removesuffix(".jsonl")
            print(
                f"| {name} | {program} | {100 * f['ndcg']:.1f} | {100 * f['recall']:.1f} | "
                f"{f['documents_a_second']:.0f} | {f['p50_ms']:.0f} | {f['cpu_ms']:.0f} | {f['megabytes']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
