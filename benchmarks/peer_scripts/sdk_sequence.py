"""What one writes first: events created one after the other with the official SDK. ENDPOINT KEY SECRET CALLS."""

from __future__ import annotations

import sys

from alibabacloud_dingtalk.calendar_1_0 import models
from alibabacloud_dingtalk.calendar_1_0.client import Client
from alibabacloud_dingtalk.oauth2_1_0.client import Client as Login
from alibabacloud_dingtalk.oauth2_1_0.models import GetAccessTokenRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException


def main(endpoint: str, key: str, secret: str, calls: int) -> None:
    """Create events; one that is refused is left out."""
    config = Config(protocol="http", region_id="central", endpoint=endpoint)
    answer = Login(config).get_access_token(GetAccessTokenRequest(app_key=key, app_secret=secret))
    headers = models.CreateEventHeaders(x_acs_dingtalk_access_token=answer.body.access_token)
    client, options = Client(config), RuntimeOptions()
    for number in range(calls):
        request = models.CreateEventRequest(
            summary=f"Meeting {number}",
            start=models.CreateEventRequestStart(date_time="2026-12-01T10:00:00+08:00", time_zone="Asia/Shanghai"),
            end=models.CreateEventRequestEnd(date_time="2026-12-01T11:00:00+08:00", time_zone="Asia/Shanghai"),
        )
        try:
            client.create_event_with_options("union-p0", "primary", request, headers, options)
        except TeaException as error:
            print(error.code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
