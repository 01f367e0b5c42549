"""Following `nextToken` to the end, and no further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.dingtalk.calls import ReadCall
from reconciler.dingtalk.errors import UnreadableAnswer
from reconciler.dingtalk.session import ReadSession
from reconciler.dingtalk.wire import Answer, text, unreadable

MOST_PAGES = 1000


def pages(
    session: ReadSession,
    call: ReadCall,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
) -> Iterator[Answer]:
    """Yield every page of a list. Raises UnreadableAnswer for a token that is no text or that comes back."""
    seen: set[str] = set()
    token = ""
    for _ in range(MOST_PAGES):
        answer = session.read(call, path=path, query={**(query or {}), **({"nextToken": token} if token else {})})
        yield answer
        if not isinstance(answer.get("nextToken"), str | int | None):
            raise unreadable(call, "nextToken")  # without it the rest would count as gone
        token = text(answer, "nextToken")
        if not token or answer.get("hasMore") is False:
            return
        if token in seen:
            raise UnreadableAnswer("the list names a page twice, so it never ends", call=str(call), status=200)
        seen.add(token)
    raise UnreadableAnswer(f"the list has more than {MOST_PAGES} pages", call=str(call), status=200)
