"""Words that ask rather than tell: a query is searched without them, unless it has no others."""

_ENGLISH = """
a about after all also am an and any are as at be because been before being between both but by can could did do does
doing done for from further get had has have having he her here hers him his how i if in into is it its itself just
may me might more most must my no nor not of off on once only or other our ours out over own please same shall she
should so some such tell than that the their theirs them then there these they this those through to too under until
up us very was we were what when where which while who whom whose why will with would you your yours s t
"""
_CHINESE = """
的 了 是 在 和 与 及 或 也 都 就 而 着 吗 呢 吧 啊 嘛 么 把 被 给 对 从 到 为 以 于 之 其 所 不 很 还 又 再 只
这 那 这个 那个 这些 那些 哪 哪个 哪些 哪里 什么 怎么 怎样 怎么样 如何 为什么 为何 多少 几 谁 何 何时 何地
请 请问 告诉 告诉我 我 你 他 她 它 我们 你们 他们 她们 它们 有 没有 能 会 可以 应该 一个 一些
與 為 這 這個 那個 這些 哪裡 什麼 怎麼 怎麼樣 為什麼 為何 誰 請 請問 我們 你們 他們 沒有 會 應該 個 嗎 幾 還 對 從
"""
STOP_WORDS = frozenset((_ENGLISH + _CHINESE).split())

# Rare in documents, so that BM25 would take them for telling. Of the words that are far more frequent in
# questions than in the passages that answer them, those that carry no content.
_ONLY_ASKING = """
many much does happens kind kinds sort ever roughly exactly lets let get gets got tells
是不是 有没有 能不能 可不可以 会不会 要不要 是否 哪种 哪天 哪年 哪一 哪一年 哪条 哪位 哪家 哪儿 哪项 啥 咋 多长 多久
多大 多高 多远 多重 多少钱 什么样 什么时候 什么意思 多长时间
由谁来 怎么办 怎么回事 大概 到底 究竟 想 要 叫 里 里面 还要 别的
想知道 请教 谢谢 一下 咱们 得 地 上 下
"""
ASKING_WORDS = STOP_WORDS | frozenset(_ONLY_ASKING.split())
