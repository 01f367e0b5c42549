"""DingTalk's API: typed calls over one session, each as careful as what it does allows.

client = connect("https://api.dingtalk.com", from_environment(os.environ))
client.events.list(organizer="…", since=now)
"""

from reconciler.dingtalk.client import Client, Reader, connect, connect_reader
from reconciler.dingtalk.conferences import ConferenceReader, Conferences
from reconciler.dingtalk.credentials import Credentials, CredentialsMissing, from_environment, if_any
from reconciler.dingtalk.errors import (
    ApiError,
    AuthenticationFailed,
    Banned,
    ConferenceCancelled,
    DailyEventLimit,
    InvalidParameter,
    IpNotAllowed,
    LimitReached,
    MinuteLimited,
    NoAnswer,
    NotCreator,
    NotFound,
    NotSent,
    PermissionMissing,
    QuotaExhausted,
    RateLimited,
    Refused,
    RoomNotAvailable,
    ServerError,
    StillProcessing,
    TokenRejected,
    UnreadableAnswer,
)
from reconciler.dingtalk.events import EventDraft, EventList, EventPatch, EventReader, Events
from reconciler.dingtalk.instant import InstantConferences, InstantReader
from reconciler.dingtalk.people import People
from reconciler.dingtalk.rooms import RoomReader
from reconciler.dingtalk.secret import Secret
from reconciler.dingtalk.session import CallDone, Options, Progress, ReadSession, Session
from reconciler.model.room import RoomDetail

__all__ = [
    "ApiError",
    "AuthenticationFailed",
    "Banned",
    "CallDone",
    "Client",
    "ConferenceCancelled",
    "ConferenceReader",
    "Conferences",
    "Credentials",
    "CredentialsMissing",
    "DailyEventLimit",
    "EventDraft",
    "EventList",
    "EventPatch",
    "EventReader",
    "Events",
    "InstantConferences",
    "InstantReader",
    "InvalidParameter",
    "IpNotAllowed",
    "LimitReached",
    "MinuteLimited",
    "NoAnswer",
    "NotCreator",
    "NotFound",
    "NotSent",
    "Options",
    "People",
    "PermissionMissing",
    "Progress",
    "QuotaExhausted",
    "RateLimited",
    "ReadSession",
    "Reader",
    "Refused",
    "RoomDetail",
    "RoomNotAvailable",
    "RoomReader",
    "Secret",
    "ServerError",
    "Session",
    "StillProcessing",
    "TokenRejected",
    "UnreadableAnswer",
    "connect",
    "connect_reader",
    "from_environment",
    "if_any",
]
