<%@ Page Language="C#" ValidateRequest="false" %>
<%= Request.HttpMethod %> <%= Server.HtmlEncode(Request.RawUrl) %> <%= Server.HtmlEncode(Request.Form.ToString()) %> <%= Request.Files.Count %>
