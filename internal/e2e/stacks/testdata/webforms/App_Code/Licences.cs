using System;
using System.IO;
using System.Linq;
using System.Web.UI;

/// <summary>What all pages have in common.</summary>
public class LicencePage : Page
{
    static readonly string Site = Environment.GetEnvironmentVariable("SITE");
    static readonly object Lock = new object();

    protected override void OnInit(EventArgs e)
    {
        if (File.Exists(Path.Combine(Site, "expired"))) Session.Clear();
        base.OnInit(e);
    }

    protected void NeedsUser()
    {
        if (Session["user"] == null) Response.Redirect("/login.aspx?ReturnUrl=" + Server.UrlEncode(Request.Path));
    }

    protected void Ran(string code, string value)
    {
        var clean = new string(value.Select(c => char.IsLetterOrDigit(c) || c == '-' ? c : '?').ToArray());
        var line = "[\"" + code + "\",\"" + clean + "\",\"" + Request.Headers["Paygate-Status"] + "\",\"" + Request.Headers["Paygate-Amount"] + "\"]\n";
        lock (Lock) File.AppendAllText(Path.Combine(Site, "ran"), line);
    }
}
