"""`ChatLocalGPT`: our GPT behind LangChain's chat model interface.

Passages travel as standard `text-plain` content blocks of a human message. In grounded mode the reply is copied from
them, word for word, and each quote carries a standard `citation` annotation: `start_index` and `end_index` index the
reply, as langchain-core defines them; the place in the passage is in `extras`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field, PrivateAttr

from model.answering import Answerer, Verdict
from model.generate import generate
from model.language import language_of
from rag_app.prompts import load_prompt
from rag_app.resources import shipped

MODEL_NAME = "quoted-rag-reader"


def passage_block(
    text: str, *, title: str = "", url: str = "", score: float | None = None, **extras: Any
) -> dict[str, Any]:
    """A passage as a standard content block; `extras` come back with the citations that quote it."""
    found = {**extras, **({"score": score} if score is not None else {})}
    return {
        "type": "text-plain", "mime_type": "text/plain", "text": text,
        **({"title": title} if title else {}), **({"url": url} if url else {}), "extras": found,
    }


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

    model_config = ConfigDict(protected_namespaces=())

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
        if self._loaded is None:
            self._loaded = Answerer.load(self.checkpoint)
        return self._loaded  # type: ignore[no-any-return]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        pieces = [chunk.message for chunk in self._stream(messages, stop, run_manager, **kwargs)]
        whole = pieces[0]
        for piece in pieces[1:]:
            whole = whole + piece
        message = AIMessage(
            content=whole.content,
            usage_metadata=getattr(whole, "usage_metadata", None),
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        chunks = self._grounded(messages) if self.mode == "grounded" else self._free(messages, stop or self.stop or [])
        for message in chunks:
            chunk = ChatGenerationChunk(message=message)
            if run_manager is not None:
                run_manager.on_llm_new_token(message.text, chunk=chunk)
            yield chunk

    def _grounded(self, messages: Sequence[BaseMessage]) -> Iterator[AIMessageChunk]:
        question, blocks = question_and_passages(messages)
        priors = [float((b.get("extras") or {}).get("score", 1.0)) for b in blocks]
        verdict, readings = self.load().answer(
            question, [str(b["text"]) for b in blocks], priors=priors, min_confidence=self.min_confidence
        )
        tokens = readings.prompt_tokens, readings.steps
        if verdict is None or not verdict.answered:
            text = load_prompt("not_found", language_of(question))
            yield from self._reply(text, [], verdict, tokens)
            return
        text, annotations = _quoted(verdict, blocks[verdict.passage])
        yield from self._reply(text, annotations, verdict, tokens)

    def _reply(
        self, text: str, annotations: list[dict[str, Any]], verdict: Verdict | None, tokens: tuple[int, int]
    ) -> Iterator[AIMessageChunk]:
        """Stream the text word by word, then what belongs to the whole of it."""
        for piece in _pieces(text):
            yield AIMessageChunk(content=[{"type": "text", "text": piece, "index": 0}])
        judged = {} if verdict is None else {
            "confidence": verdict.confidence,
            "passage": verdict.passage,
            "candidate": "\n".join(q.text for q in verdict.reading.quotes),
            "features": list(verdict.features),
        }
        yield AIMessageChunk(
            content=[{"type": "text", "text": "", "annotations": annotations, "index": 0}],
            response_metadata={
                "model_name": self.model, "answered": verdict is not None and verdict.answered, **judged,
            },
            usage_metadata=UsageMetadata(
                input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens)
            ),
            chunk_position="last",
        )

    def _free(self, messages: Sequence[BaseMessage], stop: Sequence[str]) -> Iterator[AIMessageChunk]:
        from model.checkpoint import load_checkpoint

        if self._loaded is None:
            self._loaded = load_checkpoint(self.checkpoint)
        gpt, tokenizer = self._loaded
        prompt = tokenizer.encode("\n".join(m.text for m in messages)).ids
        ids: list[int] = []
        given = ""
        for token in generate(
            gpt, prompt, max_new_tokens=self.max_tokens, temperature=self.temperature, top_k=self.top_k,
            top_p=self.top_p, seed=self.seed,
        ):
            ids.append(token)
            text = tokenizer.decode(ids)
            end = min((text.find(s) for s in stop if s in text), default=len(text))
            if text[len(given):end] and not text.endswith("\ufffd"):   # wait for the rest of a character
                yield AIMessageChunk(content=text[len(given):end])
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


def question_and_passages(messages: Sequence[BaseMessage]) -> tuple[str, list[dict[str, Any]]]:
    """The text of the last human message, and the passages of the last human message that has any."""
    human = [m for m in messages if isinstance(m, HumanMessage)]
    question = human[-1].text if human else messages[-1].text
    for message in reversed(human):
        content = message.content if isinstance(message.content, list) else []
        blocks = [b for b in content if isinstance(b, dict) and b.get("type") == "text-plain" and b.get("text")]
        if blocks:
            return question, blocks
    return question, []


def _quoted(verdict: Verdict, block: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The reply's text, one quote a line, and a citation annotation for each quote."""
    text, annotations = "", []
    for quote in verdict.reading.quotes:
        text += "\n" if text else ""
        annotations.append(
            {
                "type": "citation",
                "cited_text": quote.text,
                "start_index": len(text),
                "end_index": len(text) + len(quote.text),
                **({"title": block["title"]} if block.get("title") else {}),
                **({"url": block["url"]} if block.get("url") else {}),
                "extras": {
                    **(block.get("extras") or {}),
                    "passage": verdict.passage, "passage_start": quote.start, "passage_end": quote.end,
                },
            }
        )
        text += quote.text
    return text, annotations


def _pieces(text: str) -> Iterator[str]:
    """Words with the space after them; a Chinese text in runs of a few characters."""
    start = 0
    for i, character in enumerate(text):
        if character.isspace() or i - start >= 12 or (ord(character) > 0x2E7F and i - start >= 3):
            yield text[start:i + 1]
            start = i + 1
    if start < len(text):
        yield text[start:]
