import fs from 'fs'

// record notes in the service's own log which code ran.
export function record (code, value, status, amount) {
  fs.appendFileSync(process.env.SITE + '/ran', JSON.stringify([code, value, status || '', amount || '']) + '\n')
}
