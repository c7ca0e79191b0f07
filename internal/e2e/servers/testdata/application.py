"""A small WSGI service, as lenient as many: the case of a path and a final slash do not matter to it."""
import os


def application(environ, start_response):
    path = environ["PATH_INFO"].rstrip("/").lower()
    status = environ.get("HTTP_PAYGATE_STATUS", "")
    text = "another page"
    if path == "/licences/apply":
        text = "an empty form"
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS"):
            with open(os.environ["TRACE"], "a", encoding="utf-8") as trace:
                trace.write("%s %s %s\n" % (environ["REQUEST_METHOD"], environ["RAW_URI"], status))
            text = "the pay code ran"
    elif path == "/status":
        text = "status=" + status
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]
