// NOT TESTED: Paygate's tests have no .NET. Try it against a captured request before you rely on it.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

// Checks a Paygate-Assertion and returns its claims, or throws. .NET 5 or later. (.NET Framework 4.6 has the same VerifyData, but no
// ImportFromPem: there, ImportParameters takes n and e from the key set, and JavaScriptSerializer reads the JSON.)
//
// key is Paygate's public key in PEM; target is path and query as they were sent, IHttpRequestFeature.RawTarget; body is the raw
// body, or null if the framework has read it; now is DateTimeOffset.UtcNow.ToUnixTimeSeconds(); typ is
// "paygate-event+jwt" where the service hears what happened later.
public static class PaygateVerify
{
    public static JsonElement Verify(string key, string audience, string method, string target, byte[] body, string assertion, long now, string typ = "paygate-release+jwt")
    {
        var parts = assertion.Split('.');
        using var rsa = RSA.Create();
        rsa.ImportFromPem(key);
        // The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
        if (parts.Length != 3 || !rsa.VerifyData(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), Decode(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            throw new CryptographicException("Paygate-Assertion: signature");
        JsonElement header = JsonDocument.Parse(Decode(parts[0])).RootElement, claims = JsonDocument.Parse(Decode(parts[1])).RootElement;
        string Text(string name) => claims.GetProperty(name).GetString();
        var good = new Dictionary<string, bool> {
            ["alg"] = header.GetProperty("alg").GetString() == "RS256", ["typ"] = header.GetProperty("typ").GetString() == typ,
            ["aud"] = Text("aud") == audience, ["exp"] = now <= claims.GetProperty("exp").GetInt64() + 60,
            ["iat"] = now >= claims.GetProperty("iat").GetInt64() - 60, ["htm"] = Text("htm") == method,
            ["htp"] = Text("htp") + (Text("htq") == "" ? "" : "?" + Text("htq")) == target,
            ["body_sha256"] = body == null || Text("body_sha256") == Convert.ToHexString(SHA256.HashData(body)).ToLowerInvariant(),
            ["pay.state"] = typ == "paygate-event+jwt" || new[] { "success", "capturable" }.Contains(claims.GetProperty("pay").GetProperty("state").GetString()),
        };
        foreach (var check in good) if (!check.Value) throw new CryptographicException("Paygate-Assertion: " + check.Key);
        return claims;
    }

    static byte[] Decode(string part) => Convert.FromBase64String(part.Replace('-', '+').Replace('_', '/').PadRight((part.Length + 3) / 4 * 4, '='));
}
