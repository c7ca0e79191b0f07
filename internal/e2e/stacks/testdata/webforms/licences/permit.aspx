<%@ Page Language="C#" Inherits="LicencePage" %>
<script runat="server">
void Buy(object sender, EventArgs e)
{
    Ran("permit", licence.SelectedValue);
    Response.Redirect("confirmation.aspx");
}
</script>
<form runat="server">
<asp:DropDownList ID="licence" runat="server"><asp:ListItem>1-day</asp:ListItem><asp:ListItem>8-day</asp:ListItem></asp:DropDownList>
<asp:Button ID="buy" Text="Buy" OnClick="Buy" runat="server" />
</form>
