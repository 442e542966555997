"""The page's style sheet: calm, readable at any width, in light and dark themes alike."""

from __future__ import annotations

from rag_app.ui.string_fields import Strings

CSS = """
<style>
.block-container { max-width: 46rem; padding-top: 3.2rem; padding-bottom: 5rem; }
h1 { font-size: 2.1rem !important; }
.rag-question { scroll-margin-top: 5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.rag-quote { margin: 0 0 .45rem 0; padding: .35rem 0 .35rem .9rem; border-left: 4px solid #2f7d72;
  font-size: 1.08rem; line-height: 1.6; white-space: pre-line; overflow-wrap: anywhere; }
.rag-short { font-weight: 700; background: rgba(255, 206, 70, .45); border-radius: .2rem; padding: .05rem .12rem; }
.rag-long .rag-short { font-weight: 600; background: none; padding: 0; }
.rag-table-header { font-size: .85rem; opacity: .7; margin: 0 0 .2rem .95rem; overflow-wrap: anywhere; }
.rag-several { margin-bottom: .5rem; }
.rag-part { margin: .9rem 0 .3rem; opacity: .75; }
ol.rag-answers { margin: 0 !important; padding: 0 !important; list-style: none !important; }
ol.rag-answers > li.rag-item { margin: 0 0 1rem 0 !important; padding: 0 !important; }
.rag-also { opacity: .7; }
.rag-citation { margin: .1rem 0 .35rem 0; }
.rag-citation > summary { cursor: pointer; list-style-position: outside; }
.rag-open { text-decoration: underline; text-underline-offset: .15rem; opacity: .75; white-space: nowrap; }
.rag-citation[open] > .rag-around { border: 1px solid rgba(128, 128, 128, .28); border-radius: .6rem;
  padding: .7rem .9rem; margin-top: .3rem; }
.rag-prose { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.6; }
.rag-unproven { opacity: .6; }
.rag-unproven-quotation, .rag-unproven-number { opacity: 1; text-decoration: underline wavy #be3c32;
  text-underline-offset: .2rem; }
.rag-flag { font-size: .78rem; color: #be3c32; border: 1px solid #be3c32; border-radius: .3rem; padding: 0 .3rem;
  margin: 0 .3rem; white-space: nowrap; }
.rag-streaming { font-size: 1.1rem; opacity: .75; }
.rag-confidence { font-size: .85rem; opacity: .85; margin: .1rem 0 .3rem 0; }
.rag-percent { font-weight: 600; }
.rag-unsure .rag-percent { color: #b3541e; }
.rag-searched { font-size: .85rem; opacity: .7; margin-bottom: .4rem; overflow-wrap: anywhere; }
.rag-card { border: 1px solid rgba(128, 128, 128, .28); border-radius: .6rem; padding: .7rem .9rem; margin: .3rem 0; }
.rag-place { display: flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: baseline; font-size: .85rem;
  margin-bottom: .35rem; }
.rag-place > * { overflow-wrap: anywhere; min-width: 0; unicode-bidi: isolate; }
.rag-number { background: rgba(47, 125, 114, .16); border-radius: .3rem; padding: 0 .4rem; font-weight: 600; }
.rag-source { font-weight: 600; }
.rag-page { opacity: .8; white-space: nowrap; }
.rag-headings { opacity: .65; }
.rag-sentence, .rag-around { white-space: pre-line; overflow-wrap: anywhere; line-height: 1.6; font-size: .95rem; }
.rag-nearest .rag-sentence { max-height: 9rem; overflow-y: auto; opacity: .85; font-size: .9rem; }
.rag-highlight { background: rgba(255, 206, 70, .55); color: inherit; border-radius: .2rem; padding: .05rem .12rem; }
.rag-note { font-size: .85rem; opacity: .7; margin: .2rem 0; }
.rag-notice { border-radius: .6rem; padding: .75rem 1rem; margin: .2rem 0; overflow-wrap: anywhere; line-height: 1.5; }
.rag-not-found { background: rgba(201, 138, 22, .13); border-left: 4px solid #c98a16; }
.rag-possible .rag-quote { border-left-color: #c98a16; border-left-style: dashed; opacity: .85; }
.rag-possible .rag-short { background: none; text-decoration: underline dotted; text-underline-offset: .2rem; }
.rag-trouble { background: rgba(190, 60, 50, .11); border-left: 4px solid #be3c32; }
.rag-advice { margin-top: .25rem; font-size: .92rem; }
.rag-progress { display: flex; align-items: center; gap: .55rem; font-size: .92rem; opacity: .85;
  overflow-wrap: anywhere; padding: .2rem 0; }
.rag-elapsed { opacity: .7; font-variant-numeric: tabular-nums; }
.rag-spinner { flex: none; width: .9rem; height: .9rem; border-radius: 50%; border: 2px solid rgba(128, 128, 128, .35);
  border-top-color: #2f7d72; animation: rag-turn 1s linear infinite; }
@keyframes rag-turn { to { transform: rotate(360deg); } }
.rag-welcome { line-height: 1.65; margin-bottom: .6rem; }
.rag-welcome p { margin: 0 0 .35rem 0; }
.rag-private { font-size: .9rem; opacity: .75; }
.rag-document { line-height: 1.35; font-size: .9rem; overflow-wrap: anywhere; }
.rag-document-name { font-weight: 600; unicode-bidi: isolate; }
.rag-document-state { font-size: .8rem; opacity: .7; }
.rag-failed .rag-document-state { color: #be3c32; opacity: 1; }
@media (prefers-color-scheme: dark) {
  .rag-unsure .rag-percent { color: #f0a070; }
  .rag-failed .rag-document-state, .rag-flag { color: #f29188; }
}
section[data-testid="stSidebar"] button[kind="tertiary"] { padding: 0 .4rem; min-height: 1.5rem; opacity: .7; }
[class*="st-key-remove-"] button [data-testid="stMarkdownContainer"] { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
</style>
"""


def upload_box_css(strings: Strings) -> str:
    """Our words on Streamlit's upload box, which says everything in English and lists a hundred extensions."""
    box = '[data-testid="stFileUploaderDropzone"]'
    limit = f'{box} [data-testid="stFileUploaderDropzoneInstructions"]'
    return (
        f"<style>{box} button p {{ font-size: 0 !important; }} {limit} > * {{ display: none; }} "
        f'{box} button p::after {{ content: "{strings.choose_files}"; font-size: .875rem; }} '
        f'{limit}::after {{ content: "{strings.file_limit}"; font-size: .875rem; opacity: .7; }}</style>'
    )
