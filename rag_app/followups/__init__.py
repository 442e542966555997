"""Follow-up questions: a gate (`gate`) decides which lean on the conversation, a rewriter completes those.

Signs of dependence are in `signs_en` (with `subject_en`) and `signs_zh`, the words behind them in `english`, `chinese`
and `patterns_*`; `training` makes the gate's weights. `rewrite_en` and `rewrite_zh` put in what is missing:
`pronouns_*` in the place of a pronoun, `exchange_*` a fragment into the last question. What is missing is found by rule
(`antecedent`, `topic_zh`) or quoted by the GPT (`gpt_rewriter`). Entry: `rag_app.history`.
"""
