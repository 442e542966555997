"""Follow-up questions: a gate (`gate`) decides which lean on the conversation, a rewriter completes those.

Signs of dependence are in `signs_en` and `signs_zh`, the words behind them in `english` and `chinese`, the rules of
rewriting in `rewrite_en` and `rewrite_zh`; `training` makes the gate's weights. Entry: `rag_app.history`.
"""
