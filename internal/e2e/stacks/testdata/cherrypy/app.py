"""Fishing licences on CherryPy: its handlers answer every method, and take parameters from query and form alike."""
import json
import os

import cherrypy

SITE = os.environ["SITE"]
os.makedirs(os.path.join(SITE, "sessions"), exist_ok=True)


def ran(code, value):
    headers = cherrypy.request.headers
    line = [code, value, headers.get("Paygate-Status", ""), headers.get("Paygate-Amount", "")]
    with open(os.path.join(SITE, "ran"), "a") as log:
        log.write(json.dumps(line) + "\n")


def form(*inputs):
    return '<form method="post"><input type="hidden" name="token" value="%s">%s</form>' % (
        cherrypy.session.setdefault("token", os.urandom(8).hex()), "".join(inputs))


@cherrypy.tools.register("before_handler", priority=90)
def expire():
    if os.path.exists(os.path.join(SITE, "expired")):
        cherrypy.session.clear()


class Licences:
    @cherrypy.expose
    def apply(self, name=None, email=None, token=None):
        if "user" not in cherrypy.session:
            raise cherrypy.HTTPRedirect("/login?next=/licences/apply")
        if email is None:
            return form('<input name="name"><input name="email">')
        if "@" not in email or token != cherrypy.session.get("token"):
            return "<h1>Apply</h1>Enter an e-mail address" + form('<input name="name"><input name="email">')
        ran("apply", name)
        raise cherrypy.HTTPRedirect("/licences/confirmation")

    @cherrypy.expose
    def renew(self, action=None, token=None):
        if action == "pay":
            ran("renew", "pay")
            raise cherrypy.HTTPRedirect("/licences/confirmation")
        return form('<button name="action" value="pay">')

    @cherrypy.expose
    def permit(self, licence=None, token=None):
        if licence not in ("1-day", "8-day"):
            return form('<select name="licence"><option>1-day</select>')
        ran("permit", licence)
        raise cherrypy.HTTPRedirect("/licences/confirmation")

    @cherrypy.expose
    def confirmation(self):
        return "<h1>Application received</h1>"


class Root:
    licences = Licences()

    @cherrypy.expose
    def index(self):
        return "<h1>Fishing licences</h1>"

    @cherrypy.expose
    def login(self, name=None, token=None, **ignored):
        if name is None:
            return form('<input name="name">')
        cherrypy.session["user"] = name
        raise cherrypy.HTTPRedirect("/licences/apply")

    @cherrypy.expose
    def report(self, year=""):
        ran("report", year)
        return "the report"

    @cherrypy.expose
    def search(self, **parameters):
        request = cherrypy.request
        return repr((request.method, request.query_string, sorted((name, str(value)) for name, value in parameters.items())))


cherrypy.config.update({
    "server.socket_host": "127.0.0.1", "server.socket_port": int(os.environ["PORT"]), "environment": "production",
    "log.screen": False, "engine.autoreload.on": False,
})
cherrypy.quickstart(Root(), "/", {"/": {
    "tools.sessions.on": True, "tools.sessions.storage_class": cherrypy.lib.sessions.FileSession,
    "tools.sessions.storage_path": os.path.join(SITE, "sessions"), "tools.expire.on": True,
}})
