'use strict';

const crypto = require('crypto');

// Checks a Paygate-Assertion and returns its claims, or throws. Node 6 or later.
//
// key is Paygate's public key in PEM; target is path and query as they were sent, req.url (in Express req.originalUrl); body is
// the raw body as a Buffer, or null if a parser has read it; now is Date.now() / 1000; typ is 'paygate-event+jwt' where the
// service hears what happened later, else nothing.
module.exports = function paygateVerify(key, audience, method, target, body, assertion, now, typ) {
  const parts = assertion.split('.');
  const decode = (part) => JSON.parse(Buffer.from(part, 'base64').toString()); // reads base64url, too
  // The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
  const rs256 = crypto.createVerify('RSA-SHA256').update(parts[0] + '.' + parts[1]);
  if (parts.length !== 3 || !rs256.verify(key, parts[2], 'base64')) throw new Error('Paygate-Assertion: signature');
  const header = decode(parts[0]);
  const claims = decode(parts[1]);
  const good = {
    alg: header.alg === 'RS256',
    typ: header.typ === (typ || 'paygate-release+jwt'),
    aud: claims.aud === audience,
    exp: now <= claims.exp + 60,
    iat: now >= claims.iat - 60,
    htm: claims.htm === method,
    htp: claims.htp + (claims.htq && '?' + claims.htq) === target,
    body_sha256: body === null || claims.body_sha256 === crypto.createHash('sha256').update(body).digest('hex'),
    'pay.state': typ === 'paygate-event+jwt' || claims.pay.state === 'success' || claims.pay.state === 'capturable',
  };
  Object.keys(good).forEach((name) => { if (!good[name]) throw new Error('Paygate-Assertion: ' + name); });
  return claims;
};
