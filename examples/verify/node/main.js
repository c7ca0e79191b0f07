'use strict';

// node main.js KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw body)
const fs = require('fs');
const paygateVerify = require('./paygate-verify.js');

const [key, audience, method, target, bodyFile, assertion, now, typ] = process.argv.slice(2);
try {
  const body = bodyFile === '-' ? null : fs.readFileSync(bodyFile);
  const claims = paygateVerify(fs.readFileSync(key), audience, method, target, body, assertion, Number(now), typ);
  console.log(claims.jny, claims.sbm, claims.pay.amount, claims.pay.ref);
} catch (refused) {
  console.error(refused.message);
  process.exitCode = 1;
}
