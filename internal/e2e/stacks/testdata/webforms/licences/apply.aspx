<%@ Page Language="C#" Inherits="LicencePage" %>
<script runat="server">
void Page_Load(object sender, EventArgs e) { NeedsUser(); }

void Apply(object sender, EventArgs e)
{
    if (!IsValid) return; // the form again, with status 200
    Ran("apply", name.Text);
    Response.Redirect("confirmation.aspx");
}
</script>
<h1>Apply</h1>
<form runat="server">
<asp:TextBox ID="name" runat="server" /> <asp:TextBox ID="email" runat="server" />
<asp:RegularExpressionValidator ControlToValidate="email" ValidationExpression="[^@]+@[^@]+" EnableClientScript="false" Text="Enter an e-mail address" runat="server" />
<asp:Button ID="send" Text="Apply" OnClick="Apply" runat="server" />
</form>
