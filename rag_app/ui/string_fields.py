"""What the page has words for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strings:
    """The page's words in one language."""

    title: str
    welcome: tuple[str, str]
    private: str
    private_files: str
    upload: str
    choose_files: str
    file_limit: str
    try_samples: str
    ask: str
    examples: str
    documents: str
    no_documents: str
    passages: str
    one_passage: str
    container: str
    failed: str
    pending: str
    filter: str
    search_in: str
    searched_in: str
    filter_folder: str
    filter_type: str
    filter_tag: str
    filter_language: str
    filter_since: str
    filter_until: str
    uploaded: str
    more_documents: str
    remove: str
    remove_named: str
    remove_question: str
    remove_yes: str
    remove_no: str
    collection: str
    new_collection: str
    collection_name: str
    create: str
    new_conversation: str
    language: str
    reading_file: str
    files_waiting: str
    waiting_for_writer: str
    loading_search: str
    loading_reader: str
    searching: str
    reading: str
    searched_for: str
    page: str
    confidence: str
    sure: str
    likely: str
    unsure: str
    no_confidence: str
    own_words: str
    misquoted: str
    misnumbered: str
    unchecked: str
    question_read: str
    several: str
    also_in: str
    in_document: str
    removed_since: str
    nothing_searched: str
    possible: str
    not_found_hint: str
    nearest: str
    not_an_answer: str
    trouble: str
    trouble_too_long: str
    trouble_too_long_hint: str
    trouble_settings: str
    trouble_locked: str
    trouble_fingerprint: str
    trouble_library: str
    trouble_filter: str
    trouble_embedder: str
    trouble_reranker: str
    trouble_weights: str
    trouble_weights_hint: str
    trouble_unknown_hint: str
