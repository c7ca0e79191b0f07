"""Fishing licences on Django: its form view, i18n_patterns, form tokens and sessions in files."""
import json
import os

from django import forms
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path, reverse_lazy
from django.utils.translation import get_language
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView

SITE = os.environ["SITE"]

settings.configure(
    SECRET_KEY="a secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_I18N=True,
    LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("cy", "Cymraeg")],
    SESSION_ENGINE="django.contrib.sessions.backends.file", SESSION_FILE_PATH=SITE,
    INSTALLED_APPS=["django.contrib.sessions"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [os.path.dirname(__file__)]}],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware", __name__ + ".expire",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)


def ran(request, code, value):
    line = [code, value, request.headers.get("Paygate-Status", ""), request.headers.get("Paygate-Amount", "")]
    with open(os.path.join(SITE, "ran"), "a") as log:
        log.write(json.dumps(line) + "\n")


def expire(get_response):
    def middleware(request):
        if os.path.exists(os.path.join(SITE, "expired")):
            request.session.flush()
        return get_response(request)
    return middleware


def home(request):
    return HttpResponse("<h1>Fishing licences</h1>")


class LoginView(FormView):
    template_name = "form.html"
    success_url = reverse_lazy("apply")

    class form_class(forms.Form):
        name = forms.CharField()

    def form_valid(self, form):
        self.request.session["user"] = form.cleaned_data["name"]
        return super().form_valid(form)


class ApplyView(FormView):
    template_name = "form.html"
    success_url = reverse_lazy("confirmation")

    class form_class(forms.Form):
        name = forms.CharField()
        email = forms.EmailField(error_messages={"invalid": "Enter an e-mail address"})

    def dispatch(self, request, *args, **kwargs):
        if "user" not in request.session:
            return redirect("/login/?next=" + request.path)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form):
        ran(self.request, "apply", form.cleaned_data["name"])
        return super().form_valid(form)


def renew(request):
    if request.POST.get("action") == "pay":
        ran(request, "renew", "pay")
        return redirect("confirmation")
    token = '<input type="hidden" name="csrfmiddlewaretoken" value="%s">' % get_token(request)
    return HttpResponse('<h1>Renew</h1><form method="post">%s<button name="action" value="pay"></form>' % token)


class PermitView(View):
    def get(self, request):
        token = '<input type="hidden" name="csrfmiddlewaretoken" value="%s">' % get_token(request)
        return HttpResponse('<form method="post">%s<select name="licence"><option>1-day</select></form>' % token)

    def post(self, request):
        if request.content_type == "application/json":
            licence = json.loads(request.body).get("licence")
        else:
            licence = request.POST.get("licence")
        if licence not in ("1-day", "8-day"):
            return self.get(request)
        ran(request, "permit", licence)
        return redirect("confirmation")


def confirmation(request):
    return HttpResponse("<h1>%s</h1>" % ("Derbyniwyd" if get_language() == "cy" else "Application received"))


def report(request):
    ran(request, "report", request.GET.get("year", ""))
    return HttpResponse("the report", content_type="text/plain")


@csrf_exempt
def search(request):
    return HttpResponse("%s %s\n" % (request.method, request.get_full_path()) + request.body.decode("latin-1"),
                        content_type="text/plain")


urlpatterns = i18n_patterns(
    path("", home),
    path("login/", LoginView.as_view()),
    path("licences/apply/", ApplyView.as_view(), name="apply"),
    path("licences/renew/", renew),
    path("licences/permit/", PermitView.as_view()),
    path("licences/confirmation/", confirmation, name="confirmation"),
    path("report/", report),
    path("search/", search),
    prefix_default_language=False,
)

application = get_wsgi_application()
