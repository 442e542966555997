"""Questions in, cited answers out: settings, retrieval, prompts, chat models, chain, evaluation, CLI and web UI.

Imports `ingest` and `model`; nothing imports `rag_app`. For LangChain code the doors are `rag_app.chain.build_chain`,
`rag_app.retrieval.retriever.LibraryRetriever` and `rag_app.chat_models.local_gpt.ChatLocalGPT`. Importing this package
imports nothing heavy.
"""
