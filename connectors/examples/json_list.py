#!/usr/bin/env python3
"""An example of a process connector: when did this JSON list of posts last change? Standard library only.

    [connectors.process.jsonlist]
    command = ["python3", "/usr/local/lib/freshd/json_list.py"]
    secrets_file = "jsonlist.toml"      # optional: "board.example.gov.cn" = "TOKEN", sent as a bearer token

In the ledger: jsonlist:https://board.example.gov.cn/posts.json, which answers a list of posts, newest first and without
gaps, e.g. {"items": [{"id": "42", "published": "2026-11-20 09:30", "title": "公告", "url": "https://…"}]}.
Whoever installs it vouches for "without gaps": between the oldest post listed and now there are no others.

The conversation is observation/1 (CONTRACT: one JSON object a line): the daemon says hello, we say hello, then each poll
is answered by its id. What goes wrong with the platform is told as a fault; nothing is ever guessed.
"""

import argparse
import http.client
import ipaddress
import json
import re
import socket
import sys
import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

BODY_BYTES_MAX = 2 << 20
POSTS_MAX = 200
BEIJING = timezone(timedelta(hours=8))
PLAIN_TIME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
ZONED_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(Z|[+-]\d{2}:\d{2})$")


class Trouble(Exception):
    """A fault of observation/1: whose concern it is, what kind, when again."""

    def __init__(self, scope, kind, detail, retry=None):
        super().__init__(detail)
        self.fault = {"scope": scope, "kind": kind, "detail": detail}
        if retry is not None:
            self.fault["retry"] = retry


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--allow-private", action="store_true", help="targets may lie in private networks")
    options = options.parse_args()
    # The lines are UTF-8 whatever the machine's language is.
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    json.loads(sys.stdin.readline())  # The daemon's hello.
    say({"v": 1, "hello": {"name": "jsonlist", "platform": "jsonlist", "channels": ["posts"],
                           "courtesy": {"at_once": 1, "per_minute": 20}}})
    for line in sys.stdin:  # Ends when the daemon does.
        asked = json.loads(line)
        try:
            observation = poll(asked["poll"], options.allow_private)
        except Trouble as trouble:
            observation = {"faults": [trouble.fault]}
        say({"id": asked["id"], "observation": observation})


def say(line):
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def poll(asked, allow_private):
    """One look at one list. Whatever is not understood is a Trouble, never an empty list."""
    now = instant(asked["now"])
    seconds = max(1.0, asked["budget_ms"] / 1000 * 0.8)
    body = fetch(asked["target"], asked["secrets"], seconds, allow_private, now)
    try:
        page = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Trouble("connector", "malformed", "回答不是 JSON") from None
    items = page.get("items") if isinstance(page, dict) else page
    if not isinstance(items, list):
        raise Trouble("connector", "malformed", "回答中没有发布列表 items")
    if len(items) > POSTS_MAX:
        items = items[:POSTS_MAX]  # Newest first: the rest lies before what we vouch for.
    sightings = [sighting(item, now) for item in items]
    seen = {"sightings": sightings}
    dates = [latest(post) for post in sightings]
    # An empty list vouches for nothing, nor does one that is not newest first as it should be.
    if dates and dates == sorted(dates, reverse=True):
        oldest = dates[-1]
        if oldest < now:
            seen["coverage"] = [{"channel": "posts", "since": oldest.isoformat(), "until": now.isoformat()}]
    shown = urlsplit(asked["target"])._replace(query="", fragment="").geturl()
    seen["evidence"] = [{"url": shown, "at": now.isoformat(), "body": body[:4000].decode("utf-8", "replace")}]
    return seen


def instant(text):
    """An RFC 3339 time; older versions of Python know no more than microseconds, and no Z."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))


def sighting(item, now):
    if not isinstance(item, dict) or not isinstance(item.get("id"), (str, int)) or item["id"] == "":
        raise Trouble("connector", "malformed", "列表中有一条没有 id")
    post = {"key": str(item["id"]), "channel": "posts", "published": published(item.get("published"), now)}
    for name in ("title", "url"):
        if isinstance(item.get(name), str):
            post[name] = item[name]
    return post


def published(text, now):
    """A time with a zone, or Beijing time; a day alone is a range. An unreadable date is no date."""
    text = text.strip() if isinstance(text, str) else ""
    try:
        if ZONED_TIME.match(text):
            return instant(text).isoformat()
        plain = PLAIN_TIME.match(text)
        if plain and plain[4]:
            parts = [int(part or 0) for part in plain.groups()]
            at = datetime(*parts, tzinfo=BEIJING)
            # Without seconds, the minute is what is known.
            return at.isoformat() if plain[6] else between(at, timedelta(seconds=59), now)
        if plain:
            day = datetime(int(plain[1]), int(plain[2]), int(plain[3]), tzinfo=BEIJING)
            return between(day, timedelta(hours=23, minutes=59, seconds=59), now)
    except ValueError:
        pass
    raise Trouble("connector", "malformed", "列表中有一条没有看得懂的发布时间 published")


def between(earliest, width, now):
    end = earliest + width
    end = min(end, now) if earliest <= now else end
    return {"earliest": earliest.isoformat(), "latest": end.isoformat()}


def latest(post):
    at = post["published"]
    return datetime.fromisoformat(at["latest"] if isinstance(at, dict) else at)


def fetch(target, secrets, seconds, allow_private, now):
    """The body of one answer 200; redirects are not followed."""
    try:
        url = urlsplit(target)
        host, port = url.hostname, url.port
    except ValueError:
        url, host, port = None, None, None
    if url is None or url.scheme not in ("http", "https") or not host or url.username:
        raise Trouble("account", "refused", "目标应为列表的网址,例如 jsonlist:https://…/posts.json", "operator")
    deadline = time.monotonic() + seconds
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=min(10.0, seconds))
    connection._create_connection = lambda *given, **named: connect(host, connection.port, deadline, allow_private)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "freshd-jsonlist/1"}
    # A token is for one host, and does not travel in the clear beyond this machine.
    if host in secrets and (url.scheme == "https" or host in ("127.0.0.1", "localhost")):
        headers["Authorization"] = "Bearer " + secrets[host]
    path = (url.path or "/") + ("?" + url.query if url.query else "")
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status == 200:
            return read(answer, deadline)
        wish = wanted(answer.getheader("Retry-After"), now)
        if answer.status == 429:
            raise Trouble("platform", "rate_limited", "网站要求放慢(HTTP 429)", wish)
        if answer.status >= 500:
            raise Trouble("platform", "unavailable", f"网站暂时不可用(HTTP {answer.status})", wish)
        if answer.status in (401, 403):
            raise Trouble("credential", "unauthorized", f"网站拒绝访问(HTTP {answer.status})")
        # 404 is no proof that the account is gone: the address may be mistyped.
        raise Trouble("account", "refused", f"网址打不开(HTTP {answer.status})")
    except TimeoutError:
        raise Trouble("platform", "timed_out", "网站没有及时回答") from None
    except (OSError, UnicodeError, ValueError) as error:
        raise Trouble("platform", "unreachable", f"无法连接({type(error).__name__})") from None
    except http.client.HTTPException as error:
        raise Trouble("platform", "malformed", f"回答不完整({type(error).__name__})") from None
    finally:
        connection.close()


def connect(host, port, deadline, allow_private):
    """Connects to the very address that was judged, so that a name cannot change its mind in between."""
    refused = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not allow_private and not ipaddress.ip_address(address[0].split("%")[0]).is_global:
            refused = Trouble("account", "refused", "目标在内网或本机,不予访问", "operator")
            continue
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(max(0.1, min(10.0, deadline - time.monotonic())))
        try:
            opened.connect(address)
            return opened
        except OSError:
            opened.close()
            refused = refused or OSError("no address answers")
    raise refused or OSError("no address")


def read(answer, deadline):
    body = b""
    while True:
        if time.monotonic() > deadline:
            raise TimeoutError
        part = answer.read1(1 << 16)
        if not part:
            break
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Trouble("connector", "malformed", "列表超过 2 MiB")
    announced = answer.getheader("Content-Length")
    if announced and announced.isdigit() and int(announced) != len(body):
        raise http.client.IncompleteRead(b"")
    return body


def wanted(header, now):
    """What Retry-After asks for, as observation/1 says it: seconds, or nothing."""
    if not header:
        return None
    if header.strip().isdigit():
        return int(header)
    try:
        at = parsedate_to_datetime(header)
        return max(0, int((at - now).total_seconds()) + 1)
    except (TypeError, ValueError):
        return None


if __name__ == "__main__":
    main()
