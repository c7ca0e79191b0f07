// What Express reads of a form: body-parser with qs, multer (busboy and append-field), JSON.
const { Readable } = require('stream');
const tools = process.argv[2] + '/node_modules/';
const qs = require(tools + 'qs');
const busboy = require(tools + 'busboy');
require('./frames.js')(async (type, body) => pick(await read(type, body)));

const options = { allowPrototypes: true, arrayLimit: 100, depth: 32, parameterLimit: 20000 };

async function read(type, body) {
  const kind = type.split(';')[0].trim().toLowerCase();
  if (kind === 'application/x-www-form-urlencoded') return qs.parse(body.toString('utf8'), options);
  if (kind === 'application/json' || kind.endsWith('+json')) return JSON.parse(body.toString('utf8'));
  if (kind !== 'multipart/form-data') return {};
  const pairs = [];
  await new Promise((done) => {
    const parser = busboy({ headers: { 'content-type': type }, limits: { fields: 20000, parts: 20000 } });
    parser.on('field', (name, value) => pairs.push(encodeURIComponent(name) + '=' + encodeURIComponent(value)));
    parser.on('file', (name, stream) => stream.on('error', () => {}).resume());
    parser.on('close', done).on('error', done);
    Readable.from([body]).pipe(parser);
  });
  return qs.parse(pairs.join('&'), options);
}

function pick(all) {
  const nested = all && all.application;
  return {
    'action': all?.action, 'licence': all?.licence,
    'application[action]': nested?.action ?? all?.['application[action]'],
    'application[licence]': nested?.licence ?? all?.['application[licence]'],
  };
}
