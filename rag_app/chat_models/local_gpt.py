"""`ChatLocalGPT`: our GPT behind LangChain's chat model interface.

Passages travel as standard `text-plain` content blocks of a human message; the messages before it are the conversation
that the question may lean on. In grounded mode the reply is copied from
them, word for word: one text block an answer (passages that disagree give several), which is the sentence that holds
it. The short answer in it carries a standard `citation` annotation: `start_index` and `end_index` index the block's
text, as langchain-core defines them; the place in the passage is in `extras`. Further annotations on the same words,
with `also` in their `extras`, name other passages that say the same.

`response_metadata` says how sure the model is; of an answer that it withheld, where it stands and whether it is a
`possible` one; and of a long question, how far it was read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from ingest.resources import shipped
from model.generate import generate
from model.network.gpt import GPT
from model.reader.answering import Answerer, Verdict
from model.reader.reading import Quote, Readings
from model.text.language import Language, language_of
from model.tokenizer import TextTokenizer
from rag_app.answers.sentence_window import with_items
from rag_app.answers.several_answers import FoundAnswer, found_answers
from rag_app.chat_models.passage_blocks import heading_of_block, question_and_passages
from rag_app.chat_models.quoted_reply import quoted_reply, words_to_stream
from rag_app.chat_models.reader import load_reader
from rag_app.chat_models.table_rows import read_rows
from rag_app.prompts import load_prompt
from rag_app.question.asking_part import part_read
from rag_app.question.conversation import turns_of
from rag_app.question.kind import asks_for_list

MODEL_NAME = "quoted-rag-reader"
# From this confidence a withheld answer is shown as a less certain one. Of questions over private documents that are
# withheld above it 80 % have an answer, and the withheld quote is right for half: "not in your documents" would be
# untrue (model/LOG.md, section 14).
POSSIBLE = 0.2
# What a passage in the other language than the question loses of its retrieval score: where documents in both languages
# speak of one matter (two sites of a firm), people mean the one that they ask in the language of.
FOREIGN = 0.5
# Standard parameters of LangChain's models that mean nothing without a network; others that are unknown are refused.
_OF_REMOTE_MODELS = {"api_key", "max_retries", "timeout"}
_LOADING = Lock()  # one model at a time, and each once, however many threads ask
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reply:
    """A whole reply: each line with the annotations on it, and what belongs to all of them."""

    lines: list[tuple[str, list[dict[str, Any]]]]
    metadata: dict[str, Any]
    usage: UsageMetadata

    def chunks(self) -> Iterator[AIMessageChunk]:
        """The lines word by word, then the rest."""
        for index, (text, _) in enumerate(self.lines):
            for piece in words_to_stream(text):
                yield AIMessageChunk(content=[{"type": "text", "text": piece, "index": index}])
        yield AIMessageChunk(
            content=[
                {"type": "text", "text": "", "annotations": annotations, "index": index}
                for index, (_, annotations) in enumerate(self.lines)
            ],
            response_metadata=self.metadata,
            usage_metadata=self.usage,
            chunk_position="last",
        )


class ChatLocalGPT(BaseChatModel):
    """Chat model over a local checkpoint folder; no network, loads on first use.

    Attributes:
        checkpoint: folder of the weights; by default the reader that ships.
        mode: "grounded" copies the answer from the passages or says that they do not say; "free" samples the next
            token and needs a checkpoint trained as a language model (`rag model import`).
        min_confidence: grounded: answers below are withheld; None: the operating point stored with the weights.
        max_tokens, temperature, top_k, top_p, seed: free mode's sampling; temperature 0 is greedy.

    Example:
        >>> model = ChatLocalGPT()  # doctest: +SKIP
        >>> model.invoke([HumanMessage([passage_block("The lift is checked every May."),
        ...                             {"type": "text", "text": "When is the lift checked?"}])])  # doctest: +SKIP
    """

    model_config = ConfigDict(protected_namespaces=(), extra="forbid")

    checkpoint: Path = Field(default_factory=lambda: shipped("models/reader"))
    model: str = MODEL_NAME
    mode: Literal["grounded", "free"] = "grounded"
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    top_k: int | None = Field(default=None, ge=1)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int = 0
    stop: list[str] | None = None
    streaming: bool = False
    _loaded: Any = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _without_remote(cls, given: Any) -> Any:
        return {k: v for k, v in given.items() if k not in _OF_REMOTE_MODELS} if isinstance(given, dict) else given

    @property
    def _llm_type(self) -> str:
        return "local-gpt"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"checkpoint": str(self.checkpoint), "mode": self.mode, "min_confidence": self.min_confidence}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(
            ls_provider="local",
            ls_model_name=kwargs.get("model", self.model),
            ls_model_type="chat",
            ls_temperature=self.temperature,
            ls_max_tokens=self.max_tokens,
            **({"ls_stop": stop} if stop else {}),
        )

    def load(self) -> Answerer:
        """Load the grounded reader now instead of at the first question.

        Raises:
            CheckpointError: the folder is not a reader.
        """
        with _LOADING:
            if self._loaded is None:
                self._loaded = load_reader(self.checkpoint)
            return self._loaded  # type: ignore[no-any-return]

    def get_token_ids(self, text: str) -> list[int]:
        """Ids of a text in the checkpoint's own vocabulary."""
        tokenizer = self.load().reader.tokenizer if self.mode == "grounded" else self._load_free()[1]
        return list(tokenizer.encode(text).ids)

    def bind_tools(self, *_: Any, **__: Any) -> Runnable[Any, AIMessage]:
        """Not possible: this model quotes.

        Raises:
            NotImplementedError: always; it says what to do instead.
        """
        raise NotImplementedError(
            "ChatLocalGPT quotes from passages and cannot call tools: give your agent a model that can, and this "
            "library to it as a tool"
        )

    def __getstate__(self) -> dict[Any, Any]:
        """Without the loaded weights, which are read again where they are needed."""
        state = super().__getstate__()
        private = state.get("__pydantic_private__") or {}
        return {**state, "__pydantic_private__": {**private, "_loaded": None}}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that loads its weights itself."""
        with _LOADING:
            loaded, self._loaded = self._loaded, None
            try:
                return super().__deepcopy__(memo)
            finally:
                self._loaded = loaded

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        _check(messages, kwargs)
        tell = run_manager.on_llm_new_token if run_manager is not None else _nobody
        usage: UsageMetadata | None
        if self.mode == "grounded":
            reply = self._grounded(messages)
            for text, _annotations in reply.lines:
                for piece in words_to_stream(text):
                    tell(piece)
            content: str | list[str | dict[str, Any]] = [
                {"type": "text", "text": text, "annotations": annotations, "index": index}
                for index, (text, annotations) in enumerate(reply.lines)
            ]
            metadata, usage = reply.metadata, reply.usage
        else:
            pieces = []
            for chunk in self._free(messages, stop or self.stop or []):
                tell(chunk.text)
                pieces.append(chunk)
            content = "".join(chunk.text for chunk in pieces)
            metadata, usage = pieces[-1].response_metadata, pieces[-1].usage_metadata
        message = AIMessage(content=content, usage_metadata=usage, response_metadata=metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        _check(messages, kwargs)
        grounded = self.mode == "grounded"
        chunks = self._grounded(messages).chunks() if grounded else self._free(messages, stop or self.stop or [])
        for message in chunks:
            chunk = ChatGenerationChunk(message=message)
            if run_manager is not None:
                run_manager.on_llm_new_token(message.text, chunk=chunk)
            yield chunk

    def _grounded(self, messages: Sequence[BaseMessage]) -> _Reply:
        message, blocks, earlier = question_and_passages(messages)
        if not blocks and isinstance(messages[-1].content, str):  # a prompt that was written for another model
            _log.warning("no passages: ChatLocalGPT quotes only from text-plain content blocks, see passage_block")
        texts = [str(b["text"]) for b in blocks]
        question, before = part_read(self.load().reader, message)
        lang = language_of(question)
        priors = [
            _prior(float((b.get("extras") or {}).get("score", 1.0)), lang, t)
            for b, t in zip(blocks, texts, strict=True)
        ]
        cut = {} if question == message else {"question_read": question}
        turns = [*turns_of(earlier), *([(before, "")] if before else [])]
        readings = read_rows(
            self.load().reader, question, texts, headings=[heading_of_block(b) for b in blocks], history=turns
        )
        readings = with_announced_items(readings, texts)
        verdict = self.load().judge(lang, readings.readings, priors=priors, min_confidence=self.min_confidence)
        tokens = readings.prompt_tokens, readings.steps
        found = (
            []
            if verdict is None
            else found_answers(
                self.load(),
                question,
                texts,
                verdict,
                readings.readings,
                priors=priors,
                min_confidence=self.min_confidence,
                documents=[str(b.get("url") or "") for b in blocks],
            )
        )
        if not found:
            told = load_prompt("possible" if _is_possible(verdict) else "not_found", lang)
            return self._reply([(told, [])], verdict, [], tokens, cut)
        whole_lists = asks_for_list(question)
        replies = [quoted_reply(answer, blocks, whole_lists=whole_lists) for answer in found]
        lines = [(text + "\n", annotations) for text, annotations in replies[:-1]]
        return self._reply([*lines, replies[-1]], verdict, found, tokens, cut)

    def _reply(
        self,
        lines: Sequence[tuple[str, list[dict[str, Any]]]],
        verdict: Verdict | None,
        found: Sequence[FoundAnswer],
        tokens: tuple[int, int],
        further: Mapping[str, Any],
    ) -> _Reply:
        metadata: dict[str, Any] = {
            "model_name": self.model,
            "answered": bool(found),
            "possible": not found and _is_possible(verdict),
            "answers": [{"passage": f.passage, "confidence": f.confidence} for f in found],
        }
        if verdict is not None:
            metadata |= {
                "confidence": found[0].confidence if found else verdict.confidence,
                "passage": verdict.passage,
                "candidate": "\n".join(q.text for q in verdict.reading.quotes),
                "candidate_spans": [[q.start, q.end] for q in verdict.reading.quotes],
                "features": list(verdict.features),
            }
        usage = UsageMetadata(input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens))
        return _Reply(list(lines), {**metadata, **further}, usage)

    def _load_free(self) -> tuple[GPT, TextTokenizer]:
        from model.checkpoint import load_checkpoint

        with _LOADING:
            if self._loaded is None:
                self._loaded = load_checkpoint(self.checkpoint)
            return self._loaded  # type: ignore[no-any-return]

    def _free(self, messages: Sequence[BaseMessage], stop: Sequence[str]) -> Iterator[AIMessageChunk]:
        gpt, tokenizer = self._load_free()
        prompt = tokenizer.encode("\n".join(m.text for m in messages)).ids
        ids: list[int] = []
        given = ""
        for token in generate(
            gpt,
            prompt,
            max_new_tokens=self.max_tokens,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
        ):
            ids.append(token)
            text = tokenizer.decode(ids)
            end = min((text.find(s) for s in stop if s in text), default=len(text))
            if text[len(given) : end] and not text.endswith("\ufffd"):  # wait for the rest of a character
                yield AIMessageChunk(content=text[len(given) : end])
                given = text[:end]
            if end < len(text):
                break
        yield AIMessageChunk(
            content="",
            response_metadata={"model_name": self.model},
            usage_metadata=UsageMetadata(
                input_tokens=len(prompt), output_tokens=len(ids), total_tokens=len(prompt) + len(ids)
            ),
            chunk_position="last",
        )


def with_announced_items(readings: Readings, passages: Sequence[str]) -> Readings:
    """The same readings; a quote that announces a list ("You need:") is quoted with the list."""

    def whole(quote: Quote, passage: str) -> Quote:
        end = with_items(passage, quote.start, quote.end)
        return Quote(quote.start, end, passage[quote.start : end])

    return replace(
        readings,
        readings=[
            None if r is None else replace(r, quotes=tuple(whole(q, p) for q in r.quotes))
            for r, p in zip(readings.readings, passages, strict=True)
        ],
    )


def _check(messages: Sequence[BaseMessage], kwargs: Mapping[str, Any]) -> None:
    """Refuse what would otherwise be swallowed: no messages, and arguments that mean nothing here."""
    if not messages:
        raise ValueError("there is no message: give at least the question")
    unknown = [name for name in kwargs if not name.startswith("ls_")]  # those are LangChain's own, for tracing
    if unknown:
        raise TypeError(
            f"ChatLocalGPT takes no {', '.join(sorted(unknown))} with a call; set it when you make the model"
        )


def _nobody(_: str) -> None:
    """Whom tokens are told to when nobody listens."""


def _prior(score: float, lang: Language, passage: str) -> float:
    """What retrieval thinks of a passage, less where it is not in `lang`, the question's language."""
    return score if language_of(passage) == lang else max(0.0, score - FOREIGN)


def _is_possible(verdict: Verdict | None) -> bool:
    """Whether a withheld answer may well be right."""
    return verdict is not None and verdict.confidence >= POSSIBLE
