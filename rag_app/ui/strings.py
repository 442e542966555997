"""Every word the page says, in English and Chinese. Fields in braces are filled with `str.format`."""

from __future__ import annotations

from dataclasses import dataclass

from model.language import Language


@dataclass(frozen=True, slots=True)
class Strings:
    """The page's words in one language."""

    title: str
    welcome: tuple[str, str]
    private: str
    upload: str
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


ENGLISH = Strings(
    title="Ask your documents",
    welcome=(
        "Add PDF, Office, web, e-mail or text files to the box below, then ask a question in English or Chinese.",
        "Every answer is quoted word for word from your files, with its place; if they do not say, you are told so.",
    ),
    private="Nothing leaves this computer: files, questions and answers stay here.",
    upload="Add documents",
    try_samples="Try it with the sample documents",
    ask="Ask a question about your documents",
    examples="For example:",
    documents="Documents",
    no_documents="None yet.",
    passages="{} passages",
    one_passage="1 passage",
    container="what is in it is listed by itself",
    failed="failed: {}",
    pending="being read…",
    filter="Find a document by name",
    search_in="Search in …",
    searched_in="searched only in: ",
    filter_folder="All folders",
    filter_type="All types",
    filter_tag="Any tag or none",
    filter_language="All languages",
    filter_since="Changed since",
    filter_until="Changed until",
    uploaded="uploaded files",
    more_documents="{} more; use the box above to find one by name.",
    remove="Remove this document",
    remove_question="Remove it from this collection? Your own file is not touched.",
    remove_yes="Remove",
    remove_no="Keep",
    collection="Collection",
    new_collection="New collection",
    collection_name="Name (letters, digits, . _ -)",
    create="Create",
    new_conversation="New conversation",
    language="Language",
    reading_file="Reading {}",
    files_waiting="{} more waiting",
    waiting_for_writer="Waiting: another ingestion is writing to this collection.",
    loading_search="Loading the search model…",
    loading_reader="Loading the reader…",
    searching="Searching your documents…",
    reading="Reading the best passages…",
    searched_for="searched for: ",
    page="page {}",
    confidence="confidence {}",
    sure="very likely right",
    likely="probably right; see the passage",
    unsure="unsure: check the passage",
    no_confidence="quote found in your documents; this model states no confidence",
    several="Your documents give {} different answers. Check which one applies to you:",
    also_in="also in",
    in_document="Show in document",
    removed_since="(the document has been removed since)",
    nothing_searched="Your documents were not searched for this.",
    possible="This may be it. Check the passage:",
    not_found_hint="No passage answers this question with enough certainty. Try other words, or add a document.",
    nearest="Nearest passages (not an answer)",
    not_an_answer="These came closest to your question. They are no answer to it.",
    trouble="That did not work",
    trouble_settings="A setting cannot be used",
    trouble_locked="The collection is being written to",
    trouble_fingerprint="This collection was made with other settings",
    trouble_library="The collection cannot be used",
    trouble_filter="There is nothing to search in",
    trouble_embedder="The search model cannot be used",
    trouble_reranker="The reranking model cannot be used",
    trouble_weights="The reader's weights are missing or damaged",
    trouble_weights_hint="Install the package again, or set RAG_READER to a folder that holds a reader. "
    "`rag doctor` checks the installation.",
    trouble_unknown_hint="The window in which `rag chat` runs says more. `rag doctor` checks the installation.",
)

CHINESE = Strings(
    title="向您的文档提问",
    welcome=(
        "请把 PDF、Office、网页、邮件或文本文件放进下面的框里，然后用中文或英文提问。",
        "每个答案都逐字引自您的文件，并注明出处；文件里没有的，会如实告诉您。",
    ),
    private="所有内容都留在这台电脑上：文件、问题和答案都不会外传。",
    upload="添加文档",
    try_samples="用示例文档试试",
    ask="就您的文档提一个问题",
    examples="例如：",
    documents="文档",
    no_documents="还没有文档。",
    passages="{} 个段落",
    one_passage="1 个段落",
    container="其中的文件单独列出",
    failed="失败：{}",
    pending="正在读取……",
    filter="按名称查找文档",
    search_in="检索范围……",
    searched_in="仅检索：",
    filter_folder="所有文件夹",
    filter_type="所有类型",
    filter_tag="不限标签",
    filter_language="所有语言",
    filter_since="修改日期不早于",
    filter_until="修改日期不晚于",
    uploaded="上传的文件",
    more_documents="还有 {} 个；请用上面的框按名称查找。",
    remove="移除此文档",
    remove_question="从这个文档集中移除？您自己的文件不会改动。",
    remove_yes="移除",
    remove_no="保留",
    collection="文档集",
    new_collection="新建文档集",
    collection_name="名称（字母、数字、. _ -）",
    create="创建",
    new_conversation="新对话",
    language="语言",
    reading_file="正在读取 {}",
    files_waiting="还有 {} 个在等待",
    waiting_for_writer="请稍候：另一个任务正在写入这个文档集。",
    loading_search="正在加载检索模型……",
    loading_reader="正在加载阅读模型……",
    searching="正在检索您的文档……",
    reading="正在阅读最相关的段落……",
    searched_for="实际检索：",
    page="第 {} 页",
    confidence="把握 {}",
    sure="很可能正确",
    likely="大概正确，请看原文",
    unsure="不太确定，请核对原文",
    no_confidence="引文已在您的文档中核实；该模型不提供把握程度",
    several="您的文档中有 {} 种不同的说法，请核对哪一种适用：",
    also_in="同样见于",
    in_document="在文档中查看",
    removed_since="（该文档已被移除）",
    nothing_searched="这条消息没有检索您的文档。",
    possible="可能是下面这一处，请核对原文：",
    not_found_hint="没有哪个段落能足够确定地回答这个问题。请换个说法，或添加相关文档。",
    nearest="最接近的段落（不是答案）",
    not_an_answer="以下段落与问题最接近，但并不是答案。",
    trouble="操作没有成功",
    trouble_settings="有一项设置无法使用",
    trouble_locked="该文档集正在被写入",
    trouble_fingerprint="该文档集是用另外的设置建立的",
    trouble_library="该文档集无法使用",
    trouble_filter="没有可以检索的文档",
    trouble_embedder="检索模型无法使用",
    trouble_reranker="重排模型无法使用",
    trouble_weights="阅读模型的权重缺失或损坏",
    trouble_weights_hint="请重新安装，或把 RAG_READER 设为阅读模型所在的文件夹。`rag doctor` 可以检查安装。",
    trouble_unknown_hint="运行 `rag chat` 的窗口里有更多信息。`rag doctor` 可以检查安装。",
)

LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}


def strings_for(language: Language) -> Strings:
    """The page's words in a language."""
    return CHINESE if language == "zh" else ENGLISH


def language_of_strings(strings: Strings) -> Language:
    """The language of the page's words."""
    return "zh" if strings is CHINESE else "en"


def language_of_locale(locale: str | None) -> Language:
    """The page's language for a browser's locale, such as `zh-CN`."""
    return "zh" if (locale or "").lower().startswith("zh") else "en"
