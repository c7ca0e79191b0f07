<%@ Page Language="C#" Inherits="LicencePage" %>
<% Ran("report", Request.QueryString["year"] ?? ""); %>
the report
