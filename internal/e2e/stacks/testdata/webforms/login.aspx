<%@ Page Language="C#" Inherits="LicencePage" %>
<script runat="server">
void Page_Load(object sender, EventArgs e)
{
    if (!IsPostBack) return;
    Session["user"] = name.Text;
    Response.Redirect("/licences/apply.aspx");
}
</script>
<form runat="server"><asp:TextBox ID="name" runat="server" /><asp:Button Text="Sign in" runat="server" /></form>
