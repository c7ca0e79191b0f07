<%@ Page Language="C#" %>
<h1>Application received</h1>
