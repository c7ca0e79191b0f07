import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;

/** Fishing licences as servlets on Tomcat. As in many of them, doGet does what doPost does. */
public class Licences extends HttpServlet {
    private static final String SITE = System.getenv("SITE");

    public static void main(String[] args) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(SITE);
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(Integer.parseInt(System.getenv("PORT")));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", SITE);
        Wrapper wrapper = Tomcat.addServlet(context, "licences", new Licences());
        wrapper.setMultipartConfigElement(new jakarta.servlet.MultipartConfigElement(SITE));
        for (String path : new String[] {
            "", "/login", "/licences/apply", "/licences/renew", "/licences/permit", "/licences/confirmation", "/report", "/search", "*.do"}) {
            context.addServletMappingDecoded(path, "licences");
        }
        tomcat.start();
        tomcat.getServer().await();
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        doPost(request, response);
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (new File(SITE, "expired").exists() && request.getSession(false) != null) {
            request.getSession().invalidate();
        }
        response.setContentType("text/html;charset=utf-8");
        String path = request.getServletPath();
        switch (path.endsWith(".do") ? path.substring(0, path.length() - 3) : path) {
            case "", "/" -> response.getWriter().print("<h1>Fishing licences</h1>");
            case "/login" -> login(request, response);
            case "/licences/apply" -> apply(request, response);
            case "/licences/renew" -> renew(request, response);
            case "/licences/permit" -> permit(request, response);
            case "/licences/confirmation" -> response.getWriter().print("<h1>Application received</h1>");
            case "/report" -> {
                ran(request, "report", String.valueOf(request.getParameter("year")));
                response.getWriter().print("the report");
            }
            case "/search" -> search(request, response);
            default -> response.sendError(404);
        }
    }

    private void login(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getParameter("name") == null) {
            form(request, response, "<input name=\"name\">");
            return;
        }
        request.getSession().setAttribute("user", request.getParameter("name"));
        response.sendRedirect(response.encodeRedirectURL("/licences/apply"));
    }

    private void apply(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String email = request.getParameter("email");
        if (request.getSession().getAttribute("user") == null) {
            response.sendRedirect("/login?next=/licences/apply");
        } else if (email == null || !email.contains("@") || !token(request).equals(request.getParameter("token"))) {
            form(request, response, email == null ? "" : "Enter an e-mail address");
        } else {
            ran(request, "apply", request.getParameter("name"));
            response.sendRedirect("/licences/confirmation");
        }
    }

    /** The button is there or not, whatever its value. */
    private void renew(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getParameter("pay") == null && request.getParameter("pay.x") == null) {
            form(request, response, "<button name=\"save\">Save</button><input type=\"image\" name=\"pay\">");
            return;
        }
        ran(request, "renew", "pay");
        response.sendRedirect("/licences/confirmation");
    }

    private void permit(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String licence = String.valueOf(request.getParameter("licence"));
        if (!licence.equals("1-day") && !licence.equals("8-day")) {
            form(request, response, "<select name=\"licence\"><option>1-day</select>");
            return;
        }
        ran(request, "permit", licence);
        response.sendRedirect("/licences/confirmation");
    }

    private void search(HttpServletRequest request, HttpServletResponse response) throws IOException {
        PrintWriter out = response.getWriter();
        out.println(request.getMethod() + " " + request.getRequestURI() + " " + request.getQueryString());
        request.getParameterMap().forEach((name, values) -> out.println(name + "=" + String.join(",", values)));
    }

    private static String token(HttpServletRequest request) {
        Object token = request.getSession().getAttribute("token");
        if (token == null) {
            token = UUID.randomUUID().toString();
            request.getSession().setAttribute("token", token);
        }
        return (String) token;
    }

    private static void form(HttpServletRequest request, HttpServletResponse response, String inputs) throws IOException {
        response.getWriter().printf(
            "<form method=\"post\" action=\"%s\"><input type=\"hidden\" name=\"token\" value=\"%s\">%s</form>",
            response.encodeURL(request.getRequestURI()), token(request), inputs);
    }

    private static synchronized void ran(HttpServletRequest request, String code, String value) throws IOException {
        String status = request.getHeader("Paygate-Status"), amount = request.getHeader("Paygate-Amount");
        String line = "[\"" + code + "\",\"" + value.replaceAll("[^A-Za-z0-9 -]", "?") + "\",\"" + (status == null ? "" : status)
            + "\",\"" + (amount == null ? "" : amount) + "\"]\n";
        Files.write(Path.of(SITE, "ran"), line.getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
