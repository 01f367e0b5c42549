"""People by user id or mobile number. These calls are of DingTalk's older API and outside of the monthly quota."""

from __future__ import annotations

from reconciler.dingtalk import calls
from reconciler.dingtalk.session import ReadSession
from reconciler.dingtalk.wire import needed, part


class People:
    """`learned` has the union ids that were told so far, by `userid:…` and `mobile:…`. Who is nobody is not kept."""

    def __init__(self, session: ReadSession) -> None:
        self._reading = session
        self.learned: dict[str, str] = {}

    def union_id_by_userid(self, userid: str) -> str:
        """Return the union id of a user of the organisation. Raises NotFound."""
        return self._learn(f"userid:{userid}", self._union_id(userid))

    def userid_by_mobile(self, mobile: str) -> str:
        answer = self._reading.read_old(calls.PEOPLE_BY_MOBILE, form={"mobile": mobile})
        return needed(part(answer, "result"), "userid", calls.PEOPLE_BY_MOBILE)

    def by_mobile(self, mobile: str) -> str:
        """Return the union id of the user with this mobile number. Raises NotFound."""
        return self._learn(f"mobile:{mobile}", self._union_id(self.userid_by_mobile(mobile)))

    def _learn(self, name: str, union_id: str) -> str:
        self.learned[name] = union_id
        return union_id

    def _union_id(self, userid: str) -> str:
        answer = self._reading.read_old(calls.PEOPLE_GET, form={"userid": userid})
        return needed(part(answer, "result"), "unionid", calls.PEOPLE_GET)

    def userid_by_union_id(self, union_id: str) -> str:
        """Return the user id of a member of the organisation. Raises NotFound."""
        answer = self._reading.read_old(calls.PEOPLE_BY_UNION_ID, form={"unionid": union_id})
        return needed(part(answer, "result"), "userid", calls.PEOPLE_BY_UNION_ID)
