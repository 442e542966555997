"""Turn a recipe and a folder of data into a warm-started network and tokenized mixtures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer
from torch import nn

from model.convert.import_bert import import_bert, minilm_folder
from model.convert.import_e5 import e5_file, read_e5
from model.json_lines import read_lines
from model.network.gpt import GPT
from model.tokenizer import TextTokenizer
from model.training.e5_vocabulary import full_pieces, kept_pieces, pieces_in, smaller_network, tokenizer_of
from model.training.examples import Example, held_out, load_examples
from model.training.reader.mixture import Tokenized, hard_negatives, several_part_questions, tokenize
from model.training.recipe import Recipe, Stage, Vocabulary
from model.training.synthetic.as_typed import as_typed
from model.training.synthetic.code_switching import Translations, switched
from model.training.synthetic.conversations import after_other_turns
from model.training.synthetic.document_windows import (
    Question,
    in_one_breath,
    questions_of,
    window_examples,
    windows_of_others,
)
from model.training.synthetic.makers import PracticeMaker
from model.training.synthetic.near_misses import with_other_name, without_answer
from model.training.vocabulary import (
    align,
    count_characters,
    extend_tokenizer,
    han_fold,
    is_chinese,
    translated_rows,
)

WITH_TITLE = 0.5  # of the examples on passages are read under their title
_T = TypeVar("_T")
MAX_ALIGNED = 60  # characters of the Chinese side of a parallel sentence from which words are translated


def warm_start(recipe: Recipe, data: Path, say: Callable[[str], None]) -> tuple[GPT, TextTokenizer]:
    """MiniLM's layers in our network, a copy head, and a vocabulary that knows Chinese.

    Raises:
        ValueError: the recipe has no vocabulary: it goes on from another one's network.
    """
    torch.manual_seed(recipe.seed)
    words = recipe.vocabulary
    if words is None:
        raise ValueError("a recipe without [vocabulary] starts from the network of the recipe it names in `after`")
    fold = han_fold()
    if words.trunk == "e5":
        return _from_e5(recipe, words, data, fold, say)
    say("counting Chinese characters")
    counts = count_characters(_texts(words, data), fold)
    characters = [c for c, n in counts.most_common() if n >= words.least_count]
    base = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer = extend_tokenizer(base, characters, fold)
    say(f"vocabulary: {base.get_vocab_size()} -> {tokenizer.vocab_size} tokens; aligning parallel sentences")
    rows = [
        row for name in words.parallel for row in read_lines(data / name) if len(row["zh"]) <= words.parallel_characters
    ]
    chinese = tokenizer.encode_batch([r["zh"] for r in rows])
    english = tokenizer.encode_batch([r["en"] for r in rows])
    alignment = align([(z.ids, e.ids) for z, e in zip(chinese, english, strict=True) if z.ids and e.ids])
    old = import_bert(minilm_folder(), copy_head=True)
    gpt = GPT(
        replace(
            old.config,
            vocab_size=tokenizer.vocab_size,
            dropout=recipe.optimizer.dropout,
            match_features=recipe.match_features,
        )
    )
    state = old.state_dict()
    ids = [i for token, i in tokenizer.tokenizer.get_vocab().items() if len(token) == 1 and is_chinese(token)]
    state["tokens.weight"] = translated_rows(
        state["tokens.weight"], tokenizer.vocab_size, ids, alignment, seed=recipe.seed
    )
    gpt.load_state_dict(state, strict=not recipe.match_features)
    return gpt, tokenizer


def _from_e5(
    recipe: Recipe, words: Vocabulary, data: Path, fold: dict[str, str], say: Callable[[str], None]
) -> tuple[GPT, TextTokenizer]:
    """multilingual-e5-small over the pieces that the texts need, with a copy head that has learned nothing yet."""
    e5 = read_e5(e5_file())
    say("counting the pieces that the texts need")
    counts = pieces_in(_texts(words, data), tokenizer_of(full_pieces(e5), fold))
    kept = kept_pieces(e5, counts, words.least_count, fold)
    say(f"vocabulary: {len(e5.pieces)} -> {len(kept)} pieces")
    return smaller_network(
        e5, kept, fold, copy_head=True, match_features=recipe.match_features, dropout=recipe.optimizer.dropout
    )


def continued(recipe: Recipe, before: GPT) -> GPT:
    """A network that goes on from `before` under another recipe; match features, if new, start without effect."""
    torch.manual_seed(recipe.seed)
    gpt = GPT(replace(before.config, dropout=recipe.optimizer.dropout, match_features=recipe.match_features))
    gpt.load_state_dict({**gpt.state_dict(), **before.state_dict()})
    return gpt


def build_stages(
    recipe: Recipe, data: Path, run: Path, tokenizer: TextTokenizer, say: Callable[[str], None]
) -> list[list[Tokenized]]:
    """Tokenized examples of every stage, negatives and several-part questions included.

    Args:
        recipe: names the files and the shares.
        data: folder of the files.
        run: folder of the run; what took long to make is kept there.
        tokenizer: of the network.
        say: receives progress lines.
    """
    exclude = held_out(data / name for name in recipe.held_out)
    maker = PracticeMaker(recipe, data, run, say)
    translations = Translations(_short_pairs(recipe, data)) if any(s.switched for s in recipe.stages) else None
    loaded: dict[str, Sequence[Example | Question]] = {}
    stages = []
    for number, stage in enumerate(recipe.stages):
        for share in stage.files:
            if share.file not in loaded:
                load: Callable[..., Iterable[Example | Question]] = questions_of if share.documents else load_examples
                loaded[share.file] = list(load(data / share.file, exclude, recipe.calibration_share))
                say(f"{share.file}: {len(loaded[share.file])} examples")
        rng = random.Random(recipe.seed + number)
        examples = [
            replace(e, heading="") if rng.random() >= WITH_TITLE else e for e in _mix(stage, loaded, rng)
        ] + list(_windows(stage, loaded, rng))
        distinct = list(dict.fromkeys(examples))
        extra = hard_negatives(distinct, stage.negatives, recipe.seed)
        extra += several_part_questions(distinct, stage.several_part, recipe.seed)
        extra += without_answer(distinct, stage.without_answer, recipe.seed)
        extra += with_other_name(distinct, stage.with_other_name, recipe.seed)
        if translations is not None:
            extra += switched(distinct, stage.switched, translations, recipe.seed + number)
        for practice in stage.practice:
            made = maker.make(practice, recipe.seed + number)
            say(f"{practice.file}: {len(made)} {practice.kind} questions")
            extra += made
        say(f"stage {number + 1}: {len(examples)} examples and {len(extra)} made from them; tokenizing")
        every = after_other_turns([*examples, *extra], stage.talked, recipe.seed + number)
        stages.append(tokenize(as_typed(every, recipe.seed + number) if stage.typed else every, tokenizer))
    return stages


def _mix(stage: Stage, loaded: Mapping[str, Sequence[Any]], rng: random.Random) -> list[Example]:
    """The questions on passages, as often as the recipe says."""
    return [e for share in stage.files if not share.documents for e in _drawn(loaded[share.file], share.times, rng)]


def _windows(stage: Stage, loaded: Mapping[str, Sequence[Any]], rng: random.Random) -> Iterator[Example]:
    """The questions on documents, each time over another window."""
    for share in stage.files:
        if share.documents:
            drawn = _drawn(loaded[share.file], share.times, rng)
            together = in_one_breath(drawn, stage.several_part, rng)
            again = [q for q in drawn if len(q.answers) > 1] * stage.lists
            yield from window_examples([*drawn, *together, *again], stage.elsewhere, rng)
            yield from windows_of_others(drawn, stage.others, rng)


def _drawn(mine: Sequence[_T], times: float, rng: random.Random) -> list[_T]:
    whole, part = divmod(times, 1)
    return [*mine] * int(whole) + rng.sample(mine, round(part * len(mine)))


def _short_pairs(recipe: Recipe, data: Path) -> Iterator[dict[str, str]]:
    """Parallel sentences short enough to align words in."""
    for name in recipe.translations:
        yield from (row for row in read_lines(data / name) if len(row["zh"]) <= MAX_ALIGNED)


def _texts(words: Vocabulary, data: Path) -> Iterator[str]:
    for source in words.texts:
        read = 0
        for row in read_lines(data / source.file):
            for field in source.fields:
                yield row[field]
                read += len(row[field])
            if source.characters is not None and read > source.characters:
                break


def parameter_groups(gpt: GPT, weight_decay: float, head_rate: float) -> list[dict[str, object]]:
    """AdamW groups: matrices decay, vectors and embeddings do not; what starts from nothing has its own rate."""
    heads = {id(p) for m in (gpt.copy_head, gpt.matches) if m is not None for p in m.parameters()}
    embeddings = {id(p) for m in gpt.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in gpt.parameters():
        decays = parameter.dim() >= 2 and id(parameter) not in embeddings
        groups.setdefault((decays, id(parameter) in heads), []).append(parameter)
    return [
        {"params": ps, "weight_decay": weight_decay if decays else 0.0, "scale": head_rate if head else 1.0}
        for (decays, head), ps in groups.items()
    ]
