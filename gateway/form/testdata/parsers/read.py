# What Django and Werkzeug (Flask) make of a form.
import io
import json
import struct
import sys

import django
from django.conf import settings

settings.configure(DATA_UPLOAD_MAX_NUMBER_FIELDS=20000, DATA_UPLOAD_MAX_MEMORY_SIZE=None, DEFAULT_CHARSET="utf-8", SECRET_KEY="x")
django.setup()
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from werkzeug.wrappers import Request  # noqa: E402

NAMES = ["action", "licence", "application[action]", "application[licence]"]


def environ(kind, body):
    return {
        "REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "PATH_INFO": "/", "QUERY_STRING": "",
        "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
    }


def of_json(body):
    read = json.loads(body)
    nested = read.get("application") if isinstance(read, dict) else None
    nested = nested if isinstance(nested, dict) else {}
    return {"action": read.get("action"), "licence": read.get("licence"), "application[action]": nested.get("action"), "application[licence]": nested.get("licence")}


def of_django(kind, body):
    form = WSGIRequest(environ(kind, body)).POST
    return {name: form.getlist(name) for name in NAMES}


def of_werkzeug(kind, body):
    form = Request(environ(kind, body)).form
    return {name: form.getlist(name) for name in NAMES}


def attempt(read, *what):
    try:
        return read(*what)
    except Exception:  # it answers 400
        return {}


while head := sys.stdin.buffer.read(8):
    lengths = struct.unpack(">II", head)
    kind, body = sys.stdin.buffer.read(lengths[0]).decode("latin-1"), sys.stdin.buffer.read(lengths[1])
    if "json" in kind.lower():
        answers = [attempt(of_json, body)]
    else:
        answers = [attempt(of_django, kind, body), attempt(of_werkzeug, kind, body)]
    print(json.dumps({name: [answer.get(name) for answer in answers] for name in NAMES}), flush=True)
