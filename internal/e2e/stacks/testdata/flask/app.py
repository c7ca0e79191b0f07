"""Fishing licences on Flask, with WTForms, form tokens and sessions on the server."""
import json
import os

from flask import Flask, redirect, render_template_string, request, session
from flask_session import Session
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import DataRequired, Regexp

SITE = os.environ["SITE"]

app = Flask(__name__)
app.config.update(SECRET_KEY="a secret", SESSION_TYPE="filesystem", SESSION_FILE_DIR=os.path.join(SITE, "sessions"))
Session(app)
csrf = CSRFProtect(app)

PAGE = """<h1>{{ title }}</h1><form method="post">{{ form.hidden_tag() }}
{% for field in form %}{{ field() }}{% for error in field.errors %}<p>{{ error }}</p>{% endfor %}{% endfor %}</form>"""
BUTTONS = """<form method="post"><input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
<button name="action" value="save">Save</button><button name="action" value="pay">Pay</button></form>"""
CHOICES = """<form method="post"><input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
<select name="licence"><option>1-day<option>8-day</select></form>"""


def ran(code, value):
    line = [code, value, request.headers.get("Paygate-Status", ""), request.headers.get("Paygate-Amount", "")]
    with open(os.path.join(SITE, "ran"), "a") as log:
        log.write(json.dumps(line) + "\n")


@app.before_request
def expire():
    if os.path.exists(os.path.join(SITE, "expired")):
        session.clear()


class ApplyForm(FlaskForm):
    name = StringField(validators=[DataRequired()])
    email = StringField(validators=[Regexp(r"[^@]+@[^@]+$", message="Enter an e-mail address")])
    send = SubmitField("Apply")


class LoginForm(FlaskForm):
    name = StringField()


@app.route("/")
def home():
    return "<h1>Fishing licences</h1>"


@app.route("/login", methods=["GET", "POST"])
def login():
    form = LoginForm()
    if form.validate_on_submit():
        session["user"] = form.name.data
        return redirect("/licences/apply")
    return render_template_string(PAGE, title="Sign in", form=form)


@app.route("/licences/apply", methods=["GET", "POST"])
def apply():
    if "user" not in session:
        return redirect("/login?next=/licences/apply")
    form = ApplyForm()
    if form.validate_on_submit():
        ran("apply", form.name.data)
        return redirect("/licences/confirmation")
    return render_template_string(PAGE, title="Apply", form=form)


@app.route("/licences/renew", methods=["GET", "POST"])
def renew():
    if request.method == "GET":
        return render_template_string(BUTTONS)
    if request.form.get("action") == "pay":
        ran("renew", "pay")
        return redirect("/licences/confirmation")
    return "<h1>Draft saved</h1>"


@app.route("/licences/permit", methods=["GET", "POST"])
def permit():
    licence = (request.get_json() if request.is_json else request.values).get("licence")
    if request.method == "GET" or licence not in ("1-day", "8-day"):
        return render_template_string(CHOICES)
    ran("permit", licence)
    return redirect("/licences/confirmation")


@app.route("/licences/confirmation")
def confirmation():
    return "<h1>Application received</h1>"


@app.route("/report")
def report():
    ran("report", request.args.get("year", ""))
    return "the report"


@app.route("/search", methods=["GET", "POST"])
@csrf.exempt
def search():
    body = request.get_data(cache=True, parse_form_data=False)
    return [request.method, request.url.split("/", 3)[3], body.decode("latin-1"), request.args.to_dict(False)]
