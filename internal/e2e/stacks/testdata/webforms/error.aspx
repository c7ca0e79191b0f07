<%@ Page Language="C#" %>
<h1>Something went wrong</h1>
