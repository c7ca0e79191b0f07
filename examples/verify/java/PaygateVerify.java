import java.math.BigInteger;
import java.nio.file.*;
import java.security.*;
import java.security.spec.X509EncodedKeySpec;
import java.util.*;
import java.util.regex.*;

// Checks a Paygate-Assertion and returns its claims, or throws. Java 8 or later, only the standard library.
//
// key is Paygate's public key in PEM; target is path and query as they were sent, getRequestURI() and, if there is one, "?"
// and getQueryString(); body is the raw body, or null if a filter has read it; now is System.currentTimeMillis() / 1000;
// typ is "paygate-release+jwt", or "paygate-event+jwt" where the service hears what happened later.
public class PaygateVerify {
    static Map<String, String> verify(String key, String audience, String method, String target, byte[] body, String assertion, long now, String typ) throws Exception {
        String[] parts = assertion.split("\\.", -1);
        // The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
        Signature rs256 = Signature.getInstance("SHA256withRSA");
        rs256.initVerify(KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(Base64.getMimeDecoder().decode(key.replaceAll("-----[A-Z ]+-----", "")))));
        rs256.update((parts[0] + "." + parts[1]).getBytes("UTF-8"));
        if (parts.length != 3 || !rs256.verify(Base64.getUrlDecoder().decode(parts[2]))) throw new SecurityException("Paygate-Assertion: signature");
        Map<String, String> header = members(parts[0]), claims = members(parts[1]);
        String wrong = !"RS256".equals(header.get("alg")) ? "alg" : !typ.equals(header.get("typ")) ? "typ"
            : now > Long.parseLong(claims.get("exp")) + 60 ? "exp" : now < Long.parseLong(claims.get("iat")) - 60 ? "iat"
            : !audience.equals(claims.get("aud")) ? "aud" : !method.equals(claims.get("htm")) ? "htm"
            : !target.equals(claims.get("htp") + (claims.get("htq").isEmpty() ? "" : "?" + claims.get("htq"))) ? "htp"
            : body != null && !new BigInteger(claims.get("body_sha256"), 16).equals(new BigInteger(1, MessageDigest.getInstance("SHA-256").digest(body))) ? "body_sha256"
            : !typ.equals("paygate-event+jwt") && !claims.get("state").matches("success|capturable") ? "pay.state" : null;
        if (wrong != null) throw new SecurityException("Paygate-Assertion: " + wrong);
        return claims;
    }

    // All members of a signed text as strings, those of "pay" and "evt" among the others: id and amount are those of an event. Only for what Paygate
    // has signed: it writes JSON without blanks, and in a string a quotation mark is always escaped.
    static Map<String, String> members(String part) throws Exception {
        String json = new String(Base64.getUrlDecoder().decode(part), "UTF-8").replace("\\\\", "\\u005c").replace("\\\"", "\\u0022");
        Map<String, String> found = new HashMap<>();
        for (Matcher m = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|([\\w.-]+))").matcher(json); m.find();) found.put(m.group(1), m.group(2) == null ? m.group(3)
            : m.group(2).replace("\\u0026", "&").replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0022", "\"").replace("\\u005c", "\\"));
        return found;
    }

    // ---- do not paste this: java PaygateVerify.java KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP]
    // ("-" as BODY-FILE: there is no raw body)
    public static void main(String[] args) throws Exception {
        try {
            String key = new String(Files.readAllBytes(Paths.get(args[0])), "UTF-8");
            byte[] body = args[4].equals("-") ? null : Files.readAllBytes(Paths.get(args[4]));
            Map<String, String> claims = verify(key, args[1], args[2], args[3], body, args[5], Long.parseLong(args[6]), args.length > 7 ? args[7] : "paygate-release+jwt");
            String line = claims.get("jny") + " " + claims.get("sbm") + " " + claims.get("amount") + " " + claims.get("ref") + "\n";
            System.out.write(line.getBytes("UTF-8"));
            System.out.flush();
        } catch (Exception refused) {
            System.err.println(refused);
            System.exit(1);
        }
    }
}
