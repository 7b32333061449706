"""A POST to a webhook, as a program of the standard library alone; the request is on its stdin.

A process of its own can be ended whatever it hangs in: a name server, a socket that drips. It says
in one line how it went, never with the URL, which may hold a secret.
"""

import json
import sys
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

SCHEMES = ("http", "https")


class _Redirects(HTTPRedirectHandler):
    """Goes where the server says, as long as that is the web and no less secret.

    What has moved is posted again; 302 and 303 are answers to what has arrived.
    """

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in SCHEMES or (req.type == "https" and scheme == "http"):
            raise URLError(f"redirects from {req.type} to {scheme}, where wnkd does not follow")
        if code in (302, 303):
            return super().redirect_request(req, fp, code, msg, headers, newurl)
        return Request(newurl, req.data, dict(req.header_items()), method="POST")


def post(url: str, body: str, seconds: float) -> str:
    """Posts `body`, JSON; the status. Proxies are those of the environment.

    Raises OSError, ValueError or HTTPException where it does not arrive.
    """
    opener = OpenerDirector()
    for handler in (
        ProxyHandler,
        HTTPHandler,
        HTTPSHandler,
        HTTPErrorProcessor,
        HTTPDefaultErrorHandler,
        _Redirects,
    ):
        opener.add_handler(handler())
    headers = {"Content-Type": "application/json", "User-Agent": "wnkd"}
    request = Request(url, body.encode(), headers, method="POST")
    with opener.open(request, timeout=seconds) as answer:
        return f"HTTP {answer.status}"


def main() -> int:
    asked = json.load(sys.stdin)
    try:
        print(post(**asked))
    except HTTPError as error:
        print(f"HTTP {error.code} {error.reason}")
    except URLError as error:
        print(error.reason)
    except (OSError, ValueError, HTTPException) as error:
        print(f"{type(error).__name__}: {error}")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
