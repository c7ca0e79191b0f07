// Reads content types and bodies from standard input, each with its length before, and answers each with a line of JSON. What
// cannot be read has no fields: a service answers 400, or goes down.
module.exports = (read) => {
  let buffer = Buffer.alloc(0);
  let busy = Promise.resolve();
  let giveUp = () => {};
  process.on('uncaughtException', () => giveUp());
  const answer = (type, body) => new Promise((done) => {
    giveUp = () => done({});
    read(type, body).then(done, giveUp);
  });
  process.stdin.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      if (buffer.length < 8) return;
      const type = buffer.readUInt32BE(0), body = buffer.readUInt32BE(4), end = 8 + type + body;
      if (buffer.length < end) return;
      const frame = buffer.subarray(8, end);
      buffer = buffer.subarray(end);
      busy = busy.then(() => answer(frame.subarray(0, type).toString('latin1'), frame.subarray(type)))
        .then((said) => process.stdout.write(JSON.stringify(said ?? {}) + '\n'));
    }
  });
};
