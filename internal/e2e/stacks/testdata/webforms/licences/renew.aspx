<%@ Page Language="C#" Inherits="LicencePage" %>
<script runat="server">
void Save(object sender, EventArgs e) { saved.Text = "Draft saved"; }

void Pay(object sender, EventArgs e)
{
    Ran("renew", "pay");
    Response.Redirect("confirmation.aspx");
}
</script>
<form runat="server">
<asp:Label ID="saved" runat="server" />
<asp:Button ID="btnSave" Text="Save" OnClick="Save" runat="server" />
<asp:Button ID="btnPay" Text="Pay now" OnClick="Pay" runat="server" />
</form>
