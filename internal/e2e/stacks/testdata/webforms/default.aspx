<%@ Page Language="C#" Inherits="LicencePage" %>
<h1>Fishing licences</h1>
